"""RealNVP: affine couplings at several scales."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from gm_core.models.base import register
from gm_core.models.flow.coupling import AffineCoupling, CouplingNetwork, coupling_masks
from gm_core.models.flow.multiscale import FlowConfig, MultiScaleFlow


@dataclass(frozen=True, kw_only=True)
class RealNVPConfig(FlowConfig):
    """Shape of a :class:`RealNVP`."""


@register
class RealNVP(MultiScaleFlow):
    """A flow of affine couplings, whose masks take turns.

    References:
        Dinh, Sohl-Dickstein and Bengio (2017), "Density estimation using Real NVP". https://arxiv.org/abs/1605.08803
        Ho, Chen, Srinivas, Duan and Abbeel (2019), "Flow++", section 3.1, for the learned dequantisation.
        https://arxiv.org/abs/1902.00275
    """

    family = "realnvp"
    title = "RealNVP"
    Config = RealNVPConfig

    def describe(self) -> str:
        """One sentence for the card."""
        couplings = "+".join(str(count) for count in self.config.couplings)
        noise = "variational" if self.config.noise_couplings else "uniform"
        return f"RealNVP with {couplings} affine couplings at {len(self.scales)} scales and {noise} dequantisation"

    @staticmethod
    def _layers(channels: int, count: int, network: Callable[[int, int], CouplingNetwork]) -> Iterator[AffineCoupling]:
        """Couplings, each of whose masks is followed by its complement."""
        for mask in coupling_masks(channels, count):
            yield AffineCoupling(mask, network(channels, 2 * channels))
