"""What the tabs show: the shipped models, loaded when they are first needed."""

from dataclasses import dataclass

import torch

import gm_core
from demo.shared.domains import DOMAINS
from gm_core import VAE, Atlas, Autoencoder, Card, Detector, PixelCNN
from gm_core.checkpoints import KINDS, available, read_card
from gm_core.device import pick_device
from gm_core.studies.detector.calibration import model_names


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

    def pixelcnn(self, name: str = "mnist-pixelcnn") -> PixelCNN:
        """A PixelCNN."""
        model = gm_core.load(name, self.device)
        assert isinstance(model, PixelCNN)
        return model

    def pixelcnns(self) -> list[Card]:
        """The cards of all PixelCNNs, the digits' first, then those of the other domains in their order."""
        families = {kind.family for kind in KINDS if issubclass(kind, PixelCNN)}
        cards = [card for card in available() if card.family in families]

        def place(card: Card) -> tuple[int, str, str]:
            subject = card.dataset.split("-")[0]
            return [*DOMAINS, subject].index(subject), card.dataset, card.name

        return sorted(cards, key=place)

    def vae(self, name: str = "mnist-vae") -> VAE:
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

    def domains(self) -> list[str]:
        """What there are calibrated detectors of, digits first."""
        names = {card.name.removesuffix("-detector") for card in available() if card.family == "detector"}
        return [name for name in DOMAINS if name in names]

    def detector_of(self, name: str) -> Detector | None:
        """The detector that was calibrated with a PixelCNN, if there is one."""
        domains = [domain for domain in self.domains() if model_names(domain)["pixelcnn"] == name]
        return self.detector(domains[0]) if domains else None

    def detector(self, domain: str = "mnist") -> Detector:
        """A calibrated detector; cheap to ask for again, for its models are loaded once."""
        return gm_core.load_detector(domain, self.device)

    def card(self, name: str) -> Card:
        """What a model is, and how good it was measured to be."""
        return read_card(name)
