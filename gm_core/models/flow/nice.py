"""NICE: the first flow of couplings, which only shift."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from gm_core.models.base import register
from gm_core.models.flow.coupling import AdditiveCoupling, CouplingNetwork, coupling_masks
from gm_core.models.flow.multiscale import FlowConfig, MultiScaleFlow


@dataclass(frozen=True, kw_only=True)
class NICEConfig(FlowConfig):
    """Shape of a :class:`NICE`: one scale, and uniform noise."""

    couplings: tuple[int, ...] = (4,)
    widths: tuple[int, ...] = (64,)
    noise_couplings: int = 0


@register
class NICE(MultiScaleFlow):
    """A flow of additive couplings and one scale for each value, which alone changes volumes.

    As in the paper's four couplings, one half of the values after the other is shifted; here the networks are
    convolutions where the paper's are fully connected, the noise is normal and not logistic, and values become logits
    first, as in RealNVP.

    References:
        Dinh, Krueger and Bengio (2015), "NICE: Non-linear Independent Components Estimation", sections 3.2 and 3.3.
        https://arxiv.org/abs/1410.8516
    """

    family = "nice"
    title = "NICE"
    Config = NICEConfig

    def describe(self) -> str:
        """One sentence for the card."""
        count = sum(self.config.couplings)
        return f"NICE with {count} additive couplings and a scale for each value, uniform dequantisation"

    @staticmethod
    def _layers(
        channels: int, count: int, network: Callable[[int, int], CouplingNetwork]
    ) -> Iterator[AdditiveCoupling]:
        """Couplings, each of whose masks is followed by its complement."""
        for mask in coupling_masks(channels, count):
            yield AdditiveCoupling(mask, network(channels, channels))
