"""Classifier: which class a picture is of, assuming that it belongs to one."""

from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributions import Categorical

from gm_core.models.base import Batch, Loss, Model, ModelConfig, check_sizes, register
from gm_core.models.convolutional import check_quarters
from gm_core.models.inputs import check_labels, check_shape


@dataclass(frozen=True, kw_only=True)
class ClassifierConfig(ModelConfig):
    """Shape of a :class:`Classifier`.

    Attributes:
        image: The pictures, of a height and a width that are multiples of 4.
        classes: Number of classes.
        width: Width of the convolutions at full and at half the resolution; twice as many channels before a quarter.
        hidden: Width of the fully connected layer.
        dropout: Share of that layer's values that a training step does without.
    """

    classes: int = 10
    width: int = 32
    hidden: int = 128
    dropout: float = 0.5

    aliases: ClassVar = {"channels": "width", "picture_channels": "image.channels"}

    def __post_init__(self) -> None:
        """Reject invalid configurations."""
        check_sizes(self, "a classifier")
        check_quarters(self.image)
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout must be at least 0 and below 1, not {self.dropout}")


@register
class Classifier(Model):
    r"""A convolutional network for :math:`p(y \mid x)`: the class of a picture, and nothing about the picture itself.

    The probabilities of the classes sum to 1 for *every* picture, one of noise included: it has no way to say that a
    picture is of none of them.

    Args:
        config: Its shape.

    References:
        LeCun et al. (1998), "Gradient-Based Learning Applied to Document Recognition".
        https://doi.org/10.1109/5.726791
        Srivastava et al. (2014), "Dropout". https://jmlr.org/papers/v15/srivastava14a.html
        Nguyen, Yosinski and Clune (2015), "Deep Neural Networks are Easily Fooled", for what it makes of pictures that
        are of no class. https://arxiv.org/abs/1412.1897
    """

    family = "classifier"
    title = "classifier"
    Config = ClassifierConfig
    config: ClassifierConfig

    def __init__(self, config: ClassifierConfig) -> None:
        super().__init__(config)
        c, image = config.width, config.image
        self.body = nn.Sequential(
            nn.Conv2d(image.channels, c, 3, padding=1),
            nn.SiLU(),
            nn.Conv2d(c, c, 3, stride=2, padding=1),
            nn.SiLU(),
            nn.Conv2d(c, 2 * c, 3, padding=1),
            nn.SiLU(),
            nn.Conv2d(2 * c, 2 * c, 3, stride=2, padding=1),
            nn.SiLU(),
            nn.Flatten(),
            nn.Linear(2 * c * (image.height // 4) * (image.width // 4), config.hidden),
            nn.SiLU(),
        )
        self.head = nn.Linear(config.hidden, config.classes)

    def describe(self) -> str:
        """See :meth:`Model.describe`."""
        return "Convolutional classifier p(y|x), which must name a class whatever it is shown"

    def logits(self, images: Tensor) -> Tensor:
        """Unnormalised log-probabilities of the classes.

        Args:
            images: ``uint8`` (B, C, H, W) of the model's size.

        Returns:
            ``float32`` (B, classes).

        Raises:
            ValueError: The images are of the wrong type or shape.
        """
        logits: Tensor = self.head(self.features(images)).float()
        return logits

    def posterior(self, images: Tensor) -> Categorical:
        """The probabilities of the classes, p(y | x).

        Args:
            images: ``uint8`` (B, C, H, W) of the model's size.

        Returns:
            Categorical over the classes, batch shape (B,); its ``probs`` are (B, classes).

        Raises:
            ValueError: The images are of the wrong type or shape.
        """
        return Categorical(logits=self.logits(images), validate_args=False)

    def losses(self, batch: Batch, generator: torch.Generator) -> dict[str, Loss]:
        """The mean of -log p(y | x); with dropout while in training mode.

        Raises:
            ValueError: A picture has no label.
        """
        labels = check_labels(batch.labels, len(batch.images), self.config.classes).to(self.device)
        if int(labels.min()) < 0:
            raise ValueError("a classifier learns from pictures whose class is known")
        hidden = self.features(batch.images)
        if self.training:
            # Drawn from the generator, so that a resumed run goes on as if it had never stopped.
            kept = torch.rand(hidden.shape, generator=generator) >= self.config.dropout
            hidden = hidden * kept.to(self.device) / (1 - self.config.dropout)
        return {"model": Loss(F.cross_entropy(self.head(hidden).float(), labels), "nats/label")}

    def held_out_loss(self, batch: Batch, generator: torch.Generator) -> Loss:
        """The same: to a classifier, the labels of held-out images are what is asked for."""
        return self.losses(batch, generator)["model"]

    def features(self, images: Tensor) -> Tensor:
        """Values of the last hidden layer, ``float32`` (B, hidden), of ``uint8`` images (B, C, H, W)."""
        images = check_shape(images, self.config.image)
        hidden: Tensor = self.body(images.to(self.device).float() / 127.5 - 1)
        return hidden
