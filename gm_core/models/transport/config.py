"""The shape of a model that carries noise to pictures."""

from dataclasses import dataclass

from gm_core.models.base import ModelConfig, check_sizes
from gm_core.models.convolutional import check_quarters


@dataclass(frozen=True, kw_only=True)
class TransportConfig(ModelConfig):
    """Shape of a :class:`Transport`.

    Attributes:
        widths: Feature maps of the network at a half and at a quarter of the picture's size.
        blocks: Residual blocks of each size, on the way down and on the way up.
        likelihood_steps: Steps in which ``estimate`` follows a picture to its noise.
    """

    widths: tuple[int, int] = (48, 96)
    blocks: int = 2
    likelihood_steps: int = 24

    def __post_init__(self) -> None:
        """Reject invalid configurations."""
        check_sizes(self, "a network of noise", optional=("classes",))
        check_quarters(self.image)
        if len(self.widths) != 2 or self.widths[0] % 8 or self.widths[1] % 32:
            raise ValueError(f"widths must be a multiple of 8 and one of 32, not {self.widths}")
