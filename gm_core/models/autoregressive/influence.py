"""Which earlier pixels an autoregressive model looked at, measured by gradient."""

import torch
from torch import Tensor

from gm_core.models.autoregressive.base import Autoregressive
from gm_core.models.inputs import check_images
from gm_core.numerics import isolate


@isolate
@torch.inference_mode(False)
def influence(model: Autoregressive, image: Tensor, index: int, label: int | None = None) -> Tensor:
    r"""How strongly the probability of one pixel's value depends on the value of every other pixel.

    To first order, putting value v in the place of pixel j changes the log-probability of pixel t by
    :math:`\nabla_j \log p(x_t \mid x_{<t}) \cdot (f(v) - f(x_j))`, where f are the features of a value. The strength of
    j is the mean size of that change over all values v: nats, whatever the features are. In colour, the value of t is
    that of all its channels, and the channels of j are changed one at a time and their strengths added up.

    Pixels that the network cannot see, all from ``index`` on among them, have a strength of exactly 0. What a palette
    and stretches of the contrast learn from a level wherever it was used has no gradient and is left out.

    Args:
        model: The model; its parameters need no gradients.
        image: ``uint8`` (1, C, H, W). Only pixels up to ``index`` matter.
        index: The pixel t, ``row * width + column``.
        label: A class; ``None`` is any class.

    Returns:
        Strengths, nats, ``float32`` (H, W), on the CPU.

    Raises:
        ValueError: There is no such pixel, or the image is of the wrong type or shape.
    """
    shape = model.config.image
    image = check_images(image, channels=shape.channels, levels=shape.levels)
    height, width = image.shape[-2:]
    if not 0 <= index < height * width:
        raise ValueError(f"the pixel must be from 0 to {height * width - 1}, not {index}")
    row, column = divmod(index, width)
    levels = image.movedim(1, -1).to(model.device, torch.int64)  # (1, H, W, C)
    labels = None if label is None else torch.tensor([label])
    channels = shape.channels
    with torch.enable_grad():
        features = model.features(levels).detach().requires_grad_(True)
        numbers = model.outputs(features, labels)[0, row, column]
        log_prob = model.head.log_prob(numbers, levels[0, row, column]).sum()
        (gradient,) = torch.autograd.grad(log_prob, features)
    with torch.no_grad():
        every = torch.arange(model.config.image.levels, device=model.device)
        # A value's part of the features, as if all channels had it; and whose channel's part each feature is.
        alike = every[:, None].expand(-1, channels)
        table = model.features.of_pixel(alike, torch.zeros(3, device=model.device))
        which = torch.arange(channels)
        of = torch.cat([which, torch.full((3,), -1), which.repeat_interleave(model.config.embedding)])
        strength = torch.zeros(height, width, device=model.device)
        for channel in range(channels):
            own = (of == channel).to(model.device)
            by_value = torch.einsum("fhw,vf->hwv", gradient[0, own], table[:, own])
            change = by_value - by_value.gather(-1, levels[0, :, :, channel, None])
            strength += change.abs().mean(dim=-1)
        return strength.cpu()
