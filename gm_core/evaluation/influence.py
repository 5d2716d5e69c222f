"""Which earlier pixels an autoregressive model looked at, measured by gradient."""

import torch
from torch import Tensor

from gm_core.models.autoregressive import PixelCNN


def influence(model: PixelCNN, image: Tensor, index: int, label: int | None = None) -> Tensor:
    r"""How strongly the probability of one pixel's value hangs on the value of every other pixel.

    To first order, putting value v in the place of pixel j changes the log-probability of pixel t by
    :math:`\nabla_j \log p(x_t \mid x_{<t}) \cdot (f(v) - f(x_j))`, where f are the features of a value. The strength of
    j is the mean size of that change over all values v: nats, whatever the features are.

    Pixels that the network cannot see, all from ``index`` on among them, have a strength of exactly 0.

    Args:
        model: The model; its parameters need no gradients.
        image: ``uint8`` (1, 1, H, W). Only pixels up to ``index`` matter.
        index: The pixel t, ``row * width + column``.
        label: A class; ``None`` is any class.

    Returns:
        Strengths, nats, ``float32`` (H, W), on the CPU.

    Raises:
        ValueError: There is no such pixel.
    """
    height, width = image.shape[-2:]
    if not 0 <= index < height * width:
        raise ValueError(f"the pixel must be from 0 to {height * width - 1}, not {index}")
    row, column = divmod(index, width)
    values = image[:, 0].to(model.device, torch.int64)
    labels = None if label is None else torch.tensor([label])
    with torch.enable_grad():
        features = model.features(values).detach().requires_grad_(True)
        log_prob = torch.log_softmax(model.logits(features, labels)[0, row, column], dim=0)[values[0, row, column]]
        (gradient,) = torch.autograd.grad(log_prob, features)
    with torch.no_grad():
        every = torch.arange(model.config.levels, device=model.device)
        table = model.features.of_pixel(every, torch.zeros(3, device=model.device))  # a value's part of the features
        by_value = torch.einsum("fhw,vf->hwv", gradient[0], table)
        change = by_value - by_value.gather(-1, values[0].unsqueeze(-1))
        return change.abs().mean(dim=-1).cpu()
