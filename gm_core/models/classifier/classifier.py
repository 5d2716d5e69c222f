"""Classifier: which class a picture is of, taken for granted that it is of one."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributions import Categorical

from gm_core.models.convolutional import check_size
from gm_core.models.inputs import check_images, check_labels, check_resolution


@dataclass(frozen=True)
class ClassifierConfig:
    """Shape of a :class:`Classifier`.

    Attributes:
        height: Height of the pictures, a multiple of 4.
        width: Width of the pictures, a multiple of 4.
        classes: Number of classes.
        channels: Width of the convolutions at full and at half the resolution; twice as many before a quarter.
        hidden: Width of the fully connected layer.
        dropout: Share of that layer's values that a training step does without.
        picture_channels: Channels C of a picture, 1 or 3.
    """

    height: int = 28
    width: int = 28
    classes: int = 10
    channels: int = 32
    hidden: int = 128
    dropout: float = 0.5
    picture_channels: int = 1

    def __post_init__(self) -> None:
        """Refuse shapes that no network can have."""
        check_size(self.height, self.width, self.classes, self.channels, self.hidden)
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout must be at least 0 and below 1, not {self.dropout}")
        if self.picture_channels not in (1, 3):
            raise ValueError(f"the pictures of a classifier must have 1 or 3 channels, not {self.picture_channels}")


class Classifier(nn.Module):
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
    config_type = ClassifierConfig

    def __init__(self, config: ClassifierConfig) -> None:
        super().__init__()
        self.config = config
        c = config.channels
        self.body = nn.Sequential(
            nn.Conv2d(config.picture_channels, c, 3, padding=1),
            nn.SiLU(),
            nn.Conv2d(c, c, 3, stride=2, padding=1),
            nn.SiLU(),
            nn.Conv2d(c, 2 * c, 3, padding=1),
            nn.SiLU(),
            nn.Conv2d(2 * c, 2 * c, 3, stride=2, padding=1),
            nn.SiLU(),
            nn.Flatten(),
            nn.Linear(2 * c * (config.height // 4) * (config.width // 4), config.hidden),
            nn.SiLU(),
        )
        self.head = nn.Linear(config.hidden, config.classes)

    @property
    def loss_unit(self) -> tuple[str, float]:
        """What training shows of a value's share of the loss, and the factor to it: a label is of the whole picture."""
        return "nats/label", float(self.config.height * self.config.width * self.config.picture_channels)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.parameters()).device

    def logits(self, images: Tensor) -> Tensor:
        """Unnormalised log-probabilities of the classes.

        Args:
            images: ``uint8`` (B, C, H, W) of the model's size.

        Returns:
            ``float32`` (B, classes).

        Raises:
            ValueError: The images are of the wrong kind or size.
        """
        logits: Tensor = self.head(self._hidden(images)).float()
        return logits

    def posterior(self, images: Tensor) -> Categorical:
        """The probabilities of the classes, p(y | x).

        Args:
            images: ``uint8`` (B, C, H, W) of the model's size.

        Returns:
            Categorical over the classes, batch shape (B,); its ``probs`` are (B, classes).

        Raises:
            ValueError: The images are of the wrong kind or size.
        """
        return Categorical(logits=self.logits(images), validate_args=False)

    def loss(self, images: Tensor, labels: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Mean of -log p(y | x) in nats a picture, for training; with dropout while in training mode.

        Args:
            images: ``uint8`` (B, C, H, W).
            labels: Classes, ``int64`` (B,).
            generator: CPU source of dropout's randomness.

        Returns:
            A number.

        Raises:
            ValueError: A picture has no label.
        """
        labels = check_labels(labels, len(images), self.config.classes).to(self.device)
        if int(labels.min()) < 0:
            raise ValueError("a classifier learns from pictures whose class is known")
        hidden = self._hidden(images)
        if self.training:
            # Drawn from the generator, so that a resumed run goes on as if it had never stopped.
            kept = torch.rand(hidden.shape, generator=generator) >= self.config.dropout
            hidden = hidden * kept.to(self.device) / (1 - self.config.dropout)
        return F.cross_entropy(self.head(hidden).float(), labels)

    def _hidden(self, images: Tensor) -> Tensor:
        """Values of the last hidden layer, (B, hidden)."""
        check_images(images, channels=self.config.picture_channels)
        check_resolution(images, self.config.height, self.config.width)
        hidden: Tensor = self.body(images.to(self.device).float() / 127.5 - 1)
        return hidden
