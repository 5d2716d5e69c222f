"""Networks' weights in the shapes in which the compiled sampler's kernels walk through them."""

import math
from collections.abc import Mapping
from typing import NamedTuple
from weakref import WeakKeyDictionary

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gm_core.models.autoregressive.features import PixelFeatures
from gm_core.models.autoregressive.residual import ResidualPixelCNN
from gm_core.models.autoregressive.sampling.compiled.kernels import LANES, Array, ResidualWeights


class _Packed(NamedTuple):
    """Packed weights, and of what they were packed."""

    weights: ResidualWeights
    places: list[tuple[Mapping[str, object], str, object]]
    """The network's tree: who holds what by which name."""
    parameters: list[nn.Parameter]
    versions: list[tuple[int, int]]

    def is_current(self) -> bool:
        """Whether the network is still what it was, checked in a quarter of the time of walking through it."""
        return all(holder.get(name) is held for holder, name, held in self.places) and self.versions == [
            (parameter.data_ptr(), parameter._version) for parameter in self.parameters
        ]


_packed: WeakKeyDictionary[ResidualPixelCNN, _Packed] = WeakKeyDictionary()


def packed_residual(model: ResidualPixelCNN) -> ResidualWeights:
    """A residual network's weights.

    Kept from one picture to the next, for packing takes a fifth as long as drawing; packed anew when they have changed.
    """
    known = _packed.get(model)
    return known.weights if known is not None and known.is_current() else _keep(_pack_residual(model), model)


def _keep(weights: ResidualWeights, model: ResidualPixelCNN) -> ResidualWeights:
    parameters = list(model.parameters())
    if not any(parameter.is_inference() for parameter in parameters):  # whose changes are not counted
        places: list[tuple[Mapping[str, object], str, object]] = [
            (holder, name, held)
            for module in model.modules()
            for holder in (module._parameters, module._modules)
            for name, held in holder.items()
        ]
        versions = [(parameter.data_ptr(), parameter._version) for parameter in parameters]
        _packed[model] = _Packed(weights, places, parameters, versions)
    return weights


def _array(tensor: Tensor, widths: Mapping[int, tuple[int, ...]]) -> Array:
    """A copy that begins where a cache line of the processor does.

    Args:
        tensor: Weights.
        widths: Of each dimension that holds channels, how many belong together, and so on in turn: each group is
            padded to a multiple of :data:`LANES`.
    """
    for dim, groups in widths.items():
        if any(width % LANES for width in groups):
            parts = tensor.movedim(dim, -1).unflatten(-1, (-1, sum(groups))).split(groups, dim=-1)
            padded = [F.pad(part, (0, -part.shape[-1] % LANES)) for part in parts]
            tensor = torch.cat(padded, dim=-1).flatten(-2).movedim(-1, dim)
    # Kernels take addresses for those of ``float32``.
    return tensor.to("cpu", torch.float32).clone(memory_format=torch.contiguous_format).numpy()


@torch.inference_mode()
def _pack_residual(model: ResidualPixelCNN) -> ResidualWeights:
    features, stacks, palette, stretch = model.features, model.stacks, model.palette, model.stretch
    blocks, levels, width = stacks.stack_blocks(), features.levels, stacks.head.in_channels
    (vertical, horizontal), (v, h) = stacks.widths, blocks[0].inner
    more = (0, -levels % LANES)

    def of_all(name: str) -> Tensor:
        return torch.stack([block.get_parameter(name) for block in blocks])

    def taps(name: str) -> Tensor:
        """A convolution of all blocks, (L, rows, columns * in, out)."""
        return of_all(name).permute(0, 3, 4, 2, 1).flatten(2, 3)

    def points(name: str) -> Tensor:
        """A 1x1 convolution of all blocks, (L, in, out)."""
        return of_all(name).flatten(2).mT

    weight = stacks.get_parameter
    head_vertical, head = weight("head.weight").flatten(1).mT.split(stacks.widths)
    to_head = torch.zeros(levels, width) if palette is None else palette.hidden
    again = torch.zeros(levels) if palette is None else palette.again
    sets = torch.zeros(0, levels) if stretch is None else stretch.sets
    prior = torch.zeros(0) if stretch is None else stretch.prior.softmax(dim=0)
    both, inside = stacks.widths, (v, h)
    return ResidualWeights(
        vertical_input=_array(weight("above.weight").permute(2, 3, 1, 0).flatten(1, 2), {-1: both}),
        vertical_input_bias=_array(weight("above.bias"), {-1: both}),
        horizontal_input=_array(weight("left.weight").permute(2, 3, 1, 0).flatten(0, 2), {-1: (horizontal,)}),
        down_vertical=_array(points("down_vertical.weight"), {-2: (vertical,), -1: inside}),
        down_bias=_array(of_all("label.weight").transpose(0, 1) + of_all("down_vertical.bias"), {-1: inside}),
        vertical=_array(taps("vertical.weight"), {-2: (v,), -1: inside}),
        vertical_bias=_array(of_all("vertical.bias"), {-1: inside}),
        above=_array(taps("above.weight"), {-2: (h,), -1: (h,)}),
        up_vertical=_array(points("up_vertical.weight"), {-2: (v,), -1: both}),
        up_bias=_array(of_all("up_vertical.bias"), {-1: both}),
        down=_array(points("down_horizontal.weight"), {-2: (horizontal,), -1: (h,)}),
        left=_array(taps("left.weight")[:, 0], {-2: (h,), -1: (h,)}),
        up=_array(points("up_horizontal.weight"), {-2: (h,), -1: (horizontal,)}),
        head_vertical=_array(head_vertical, {-2: (vertical,), -1: (width,)}),
        head_bias=_array(weight("head.bias"), {-1: (width,)}),
        head=_array(head, {-2: (horizontal,), -1: (width,)}),
        logits=_array(F.pad(weight("logits.weight").flatten(1).mT, more), {-2: (width,)}),
        logits_bias=_array(F.pad(weight("logits.bias"), more, value=-math.inf), {}),
        palette=_array(to_head, {-1: (width,)}),
        again=_array(F.pad(again, more), {}),
        sets=_array(F.pad(sets, more), {}),
        prior=_array(prior, {}),
        table=_table(features),
    )


def _table(features: PixelFeatures) -> Array:
    return _array(features.of_pixel(torch.arange(features.levels), torch.zeros(3)), {})
