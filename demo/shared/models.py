"""What the tabs show: the shipped models, loaded when they are first needed."""

import logging
from dataclasses import dataclass

import torch

import gm_core
from gm_core import (
    Atlas,
    Autoregressive,
    Bounded,
    Card,
    Classifies,
    Density,
    Detector,
    Estimated,
    Latent,
    Model,
    PaceStudy,
    Samples,
    Streams,
    Variational,
)
from gm_core.checkpoints import CheckpointError, checkpoint_dir, names, read_card
from gm_core.data.catalog import FIRST, dataset_of, place_of
from gm_core.device import pick_device
from gm_core.studies import DETECTORS
from gm_core.studies.field import FieldStudy, load_field

BACKGROUND = "-background"
"""Ending of the names of models that know only what pictures' background looks like; these are not offered."""


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

    def model(self, name: str) -> Model:
        """Any model."""
        return gm_core.load(name, self.device)

    def autoregressive(self, name: str = FIRST.pixelcnn) -> Autoregressive:
        """A model that draws pixel by pixel."""
        return gm_core.load(name, self.device, what=Autoregressive)

    def autoregressives(self) -> list[Card]:
        """The cards of all such models, in the catalogue's order of data sets, the digits' first."""
        cards = [card for card in self.cards() if card.has(Autoregressive)]
        return sorted(cards, key=lambda card: (place_of(card.dataset), card.dataset, card.name))

    def variational(self, name: str = FIRST.vae) -> Variational:
        """A latent model with a posterior."""
        return gm_core.load(name, self.device, what=Variational)

    def latent(self, name: str) -> Latent:
        """A model that has codes."""
        return gm_core.load(name, self.device, what=Latent)

    def samples(self, name: str) -> Samples:
        """A model that draws pictures."""
        return gm_core.load(name, self.device, what=Samples)

    def streams(self, name: str) -> Streams:
        """A model whose pictures come to be in steps."""
        return gm_core.load(name, self.device, what=Streams)

    def from_noise(self) -> list[Card]:
        """The cards of all models that make pictures of noise step by step, in the catalogue's order of data sets."""
        cards = [card for card in self.cards() if card.has(Streams) and not card.has(Autoregressive)]
        return sorted(cards, key=lambda card: (place_of(card.dataset), card.dataset, card.name))

    def generative(self) -> list[Card]:
        """The cards of all models of pictures, in the catalogue's order of data sets."""
        wanted = (Samples, Density, Bounded, Estimated)
        cards = [card for card in self.cards() if any(card.has(one) for one in wanted)]
        offered = [card for card in cards if not card.name.endswith(BACKGROUND)]
        return sorted(offered, key=lambda card: (place_of(card.dataset), card.dataset, card.name))

    def classifier(self, name: str) -> Classifies:
        """A model that names classes."""
        return gm_core.load(name, self.device, what=Classifies)

    def atlas(self, name: str) -> Atlas:
        """What held-out pictures show of a model's latent space."""
        return gm_core.load_atlas(name)

    def field(self, name: str) -> FieldStudy:
        """The fields that lead from noise to a model's codes."""
        return load_field(name)

    def pace(self, name: str) -> PaceStudy:
        """What was measured of a model after few steps and many."""
        return gm_core.load_pace(name)

    def datasets(self) -> list[str]:
        """The data sets that there are calibrated detectors of, damaged or not; the catalogue's first."""
        try:
            found = [subject for name in names() if (subject := DETECTORS.subject(name)) != name]
        except CheckpointError:  # there is no folder of checkpoints
            return []
        return sorted(found, key=lambda name: (place_of(name), name))

    def detector_of(self, name: str) -> Detector | None:
        """The detector that was calibrated with a PixelCNN, if there is one."""
        datasets = [dataset for dataset in self.datasets() if dataset_of(dataset).density == name]
        return self.detector(datasets[0]) if datasets else None

    def detector(self, dataset: str = FIRST.name) -> Detector:
        """A calibrated detector; cheap to ask for again, for its models are loaded once."""
        return gm_core.load_detector(dataset, self.device)

    def cards(self) -> list[Card]:
        """The cards of all checkpoints that can be read, by name; what cannot be is logged, and costs only itself."""
        try:
            return gm_core.available()
        except CheckpointError as error:
            logging.getLogger(__name__).warning("%s", error)
            return []

    def has(self, name: str) -> bool:
        """Whether there is a checkpoint of that name, damaged or not."""
        return (checkpoint_dir() / f"{name}.json").is_file()

    def card(self, name: str) -> Card:
        """What a model is, and how good it was measured to be."""
        return read_card(name)
