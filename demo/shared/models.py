"""What the tabs show: the shipped models, loaded when they are first needed."""

from dataclasses import dataclass

import torch

import gm_core
from gm_core import VAE, Atlas, Autoencoder, Card, Detector, PixelCNN
from gm_core.checkpoints import KINDS, available, read_card
from gm_core.data.catalog import CATALOG, FIRST, dataset_of, place_of
from gm_core.device import pick_device


@dataclass(frozen=True)
class Models:
    """The models of an app, on one device; each is loaded once, and only when asked for.

    Attributes:
        device: Where they run.
    """

    device: torch.device

    @classmethod
    def on(cls, device: str = "auto") -> "Models":
        """On a device by name."""
        return cls(pick_device(device))

    def pixelcnn(self, name: str = FIRST.pixelcnn) -> PixelCNN:
        """A PixelCNN."""
        model = gm_core.load(name, self.device)
        assert isinstance(model, PixelCNN)
        return model

    def pixelcnns(self) -> list[Card]:
        """The cards of all PixelCNNs, in the catalogue's order of data sets, the digits' first."""
        families = {kind.family for kind in KINDS if issubclass(kind, PixelCNN)}
        cards = [card for card in available() if card.family in families]
        return sorted(cards, key=lambda card: (place_of(card.dataset), card.dataset, card.name))

    def vae(self, name: str = FIRST.vae) -> VAE:
        """A VAE."""
        model = gm_core.load(name, self.device)
        assert isinstance(model, VAE)
        return model

    def autoencoder(self, name: str = "mnist-autoencoder") -> Autoencoder:
        """An autoencoder."""
        model = gm_core.load(name, self.device)
        assert isinstance(model, Autoencoder)
        return model

    def atlas(self, name: str) -> Atlas:
        """What held-out pictures show of a model's latent space."""
        return gm_core.load_atlas(name)

    def datasets(self) -> list[str]:
        """What there are calibrated detectors of, digits first."""
        names = {card.name.removesuffix("-detector") for card in available() if card.family == "detector"}
        return [name for name in CATALOG if name in names]

    def detector_of(self, name: str) -> Detector | None:
        """The detector that was calibrated with a PixelCNN, if there is one."""
        datasets = [dataset for dataset in self.datasets() if dataset_of(dataset).density == name]
        return self.detector(datasets[0]) if datasets else None

    def detector(self, dataset: str = FIRST.name) -> Detector:
        """A calibrated detector; cheap to ask for again, for its models are loaded once."""
        return gm_core.load_detector(dataset, self.device)

    def card(self, name: str) -> Card:
        """What a model is, and how good it was measured to be."""
        return read_card(name)
