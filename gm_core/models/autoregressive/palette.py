"""What the levels that a picture has used so far say of its next pixel."""

import torch
from torch import Tensor, nn


def levels_before(values: Tensor, levels: int) -> Tensor:
    """Which levels have been used when a pixel's turn comes.

    Args:
        values: Levels, ``int64`` (B, H, W).
        levels: How many there are.

    Returns:
        ``bool`` (B, H, W, levels): for each pixel, whether a pixel before it in raster order is of that level.
    """
    batch, height, width = values.shape
    turn = torch.arange(height * width, device=values.device)
    first = torch.full((batch, levels), height * width, device=values.device)
    first.scatter_reduce_(1, values.flatten(1), turn.expand(batch, -1), "amin")
    return (first[:, None] < turn[:, None]).view(batch, height, width, levels)


class Palette(nn.Module):
    """Lets a pixel know which levels its picture has used before, however far away.

    Pictures seldom use all levels. One whose contrast was stretched after it was scanned has only every second level,
    or two of three; which ones, the pixels so far tell, and a network that sees only what is near must find out again
    everywhere. Untrained it says nothing, so a network without a palette can be trained on with one.

    Args:
        levels: Levels of a pixel.
        width: Width of the hidden layer before the logits.

    References:
        Grave et al. (2017), "Improving Neural Language Models with a Continuous Cache", for what was seen before as a
        part of what comes next. https://arxiv.org/abs/1612.04426
    """

    def __init__(self, levels: int, width: int) -> None:
        super().__init__()
        self.levels = levels
        self.hidden = nn.Parameter(torch.zeros(levels, width))
        self.again = nn.Parameter(torch.zeros(levels))

    def forward(self, values: Tensor) -> tuple[Tensor, Tensor]:
        """What is added to the hidden layer and to the logits of every pixel.

        Args:
            values: Levels, ``int64`` (B, H, W).

        Returns:
            For the hidden layer, (B, width, H, W), and for the logits, (B, H, W, levels): those of a pixel depend on
            the pixels before it in raster order only.
        """
        kind = values.device.type
        dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else self.hidden.dtype
        seen = levels_before(values, self.levels).to(dtype)
        return (seen @ self.hidden.to(dtype)).permute(0, 3, 1, 2), seen * self.again.to(dtype)
