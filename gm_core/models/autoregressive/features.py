"""What a network knows of a pixel: its value, and where it is."""

import torch
from torch import Tensor, nn


class PixelFeatures(nn.Module):
    """Features of pixel values: each channel's value, a learned embedding of its level, the position, and a one.

    The embedding tells neighbouring levels apart that a plain number hides: the inside of a stroke is 253 throughout
    in one scanned digit and 254 in the next, and a model that sees which predicts the rest of the stroke exactly.
    The position says where in the frame a pixel is; the plane of ones says where the frame ends.

    Args:
        levels: Levels of a pixel.
        embedding: Width E of the embedding; 0 for none. All channels share it.
        channels: Channels C of a pixel.
    """

    def __init__(self, levels: int, embedding: int, channels: int = 1) -> None:
        super().__init__()
        self.levels = levels
        self.embedding = nn.Embedding(levels, embedding) if embedding else None
        self.channels = channels
        self.size = channels * (1 + embedding) + 3

    def forward(self, values: Tensor) -> Tensor:
        """Features of whole pictures.

        Args:
            values: Levels, ``int64`` (B, H, W), or (B, H, W, C) for more than one channel.

        Returns:
            Features, ``float32`` (B, F, H, W), channels last in memory.
        """
        batch, height, width = values.shape[:3]
        parts = [
            self.scale_levels(values).flatten(3),
            self.positions(height, width, values.device).expand(batch, -1, -1, -1),
        ]
        if self.embedding is not None:
            parts.append(self.embedding(values).flatten(3))
        return torch.cat(parts, dim=-1).permute(0, 3, 1, 2)

    def of_pixel(self, values: Tensor, position: Tensor) -> Tensor:
        """Features of one pixel of several pictures.

        Args:
            values: Levels, ``int64`` (n,), or (n, C) for more than one channel.
            position: The pixel's entry in :meth:`positions`, (3,).

        Returns:
            Features, ``float32`` (n, F).
        """
        parts = [self.scale_levels(values).flatten(1), position.expand(len(values), -1)]
        if self.embedding is not None:
            parts.append(self.embedding(values).flatten(1))
        return torch.cat(parts, dim=-1)

    def scale_levels(self, values: Tensor) -> Tensor:
        """Levels as numbers from -1 to 1, with a last dimension of one."""
        return values.unsqueeze(-1).float() * (2 / (self.levels - 1)) - 1

    def levels_of(self, features: Tensor) -> Tensor:
        """The levels that features tell of: the way back from :meth:`forward`.

        Args:
            features: Features of grey pixels, (B, F, H, W).

        Returns:
            Levels, ``int64`` (B, H, W).
        """
        return ((features[:, 0].detach() + 1) * ((self.levels - 1) / 2)).round().long()

    @staticmethod
    def positions(height: int, width: int, device: torch.device) -> Tensor:
        """A one, the row and the column, both from -1 to 1: ``float32`` (H, W, 3)."""
        rows, columns = (torch.linspace(-1, 1, size, device=device, dtype=torch.float32) for size in (height, width))
        rows, columns = rows[:, None].expand(height, width), columns[None, :].expand(height, width)
        return torch.stack([torch.ones_like(rows), rows, columns], dim=-1)
