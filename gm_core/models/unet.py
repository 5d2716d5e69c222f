"""The network that takes noise off pictures: one U-Net for diffusion, scores and flow matching.

It knows nothing of a path, a schedule or a solver. It is given how much of a noisy picture z = alpha x + sigma e is
picture and how much is noise, and answers with as many values as it was given; what those mean is the caller's.

References:
    1. Ronneberger, Fischer and Brox (2015), "U-Net". https://arxiv.org/abs/1505.04597
    2. Ho, Jain and Abbeel (2020), "Denoising Diffusion Probabilistic Models", appendix B, for the blocks.
       https://arxiv.org/abs/2006.11239
    3. Kingma, Salimans, Poole and Ho (2021), "Variational Diffusion Models", appendix C, for the sines of the values.
       https://arxiv.org/abs/2107.00630
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gm_core.models.base import ImageShape

OCTAVES = 6
"""Sines of a pixel's value: their periods are 1, 2, 4 ... levels."""

FAR = 20.0
"""Of log(alpha²/sigma²), beyond which nothing is told apart: pictures are all noise, or none."""


class Block(nn.Module):
    """A residual block, modulated by the noise and the class by a scale and a shift of its feature maps [2].

    Args:
        inputs: Feature maps that go in.
        outputs: Feature maps that come out, a multiple of 8, as ``inputs``.
        condition: Numbers that tell of noise and class.
    """

    def __init__(self, inputs: int, outputs: int, condition: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(8, inputs)
        self.mix = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.modulate = nn.Linear(condition, 2 * outputs)
        self.norm_out = nn.GroupNorm(8, outputs)
        self.out = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.skip = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)  # type: ignore[arg-type]

    def forward(self, h: Tensor, condition: Tensor) -> Tensor:
        """(B, inputs, H, W) and (B, condition) to (B, outputs, H, W)."""
        scale, shift = self.modulate(condition)[:, :, None, None].chunk(2, dim=1)
        out = self.norm_out(self.mix(F.silu(self.norm(h)))) * (1 + scale) + shift
        return self.skip(h) + self.out(F.silu(out))


class Attention(nn.Module):
    """Every place of a feature map looks at every other.

    Args:
        width: Feature maps, a multiple of 32.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.heads = width // 32
        self.norm = nn.GroupNorm(8, width)
        self.ask = nn.Conv2d(width, 3 * width, 1)
        self.out = nn.Conv2d(width, width, 1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)  # type: ignore[arg-type]

    def forward(self, h: Tensor) -> Tensor:
        """(B, width, H, W) to the same shape."""
        batch, width, height, columns = h.shape
        parts = self.ask(self.norm(h)).flatten(2).mT  # (B, HW, 3 width)
        query, key, value = parts.unflatten(2, (3, self.heads, width // self.heads)).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(query, key, value)  # (B, heads, HW, width / heads)
        return h + self.out(mixed.transpose(1, 2).flatten(2).mT.reshape(batch, width, height, columns))


class UNet(nn.Module):
    """A U-Net at a half and a quarter of a picture's size.

    The picture is taken to half its size by rearranging 2x2 squares as channels, not by convolving at the full size,
    which takes a quarter of the time. Beside its values it is given their sines, with periods of 1 to 32 levels: where
    little noise is left, which level a value belongs to is a matter of its last digits [3]. Each sine is weakened by as
    much as the noise blurs it.

    Args:
        image: The pictures, whose height and width are multiples of 4.
        classes: Number of classes; one more stands for "any class".
        widths: Feature maps at a half and at a quarter of the size, multiples of 8 and of 32.
        blocks: Residual blocks of each size, on the way down and on the way up.
    """

    frequencies: Tensor
    waves: Tensor

    def __init__(self, image: ImageShape, classes: int, widths: tuple[int, int], blocks: int) -> None:
        super().__init__()
        half, quarter = widths
        condition = 4 * half
        self.classes = classes
        squares = 4 * image.channels
        periods = 2.0 ** torch.arange(OCTAVES, dtype=torch.float32) * (
            2 / image.levels
        )  # a level takes 2 / L of the values from -1 to 1
        self.register_buffer("frequencies", 2 * math.pi / periods, persistent=False)
        self.register_buffer(
            "waves", torch.exp(torch.linspace(0, math.log(0.05), half, dtype=torch.float32)), persistent=False
        )
        self.embed_noise = nn.Sequential(nn.Linear(2 * half, condition), nn.SiLU(), nn.Linear(condition, condition))
        self.label = nn.Embedding(classes + 1, condition)
        self.input = nn.Conv2d(squares * (1 + 2 * OCTAVES), half, 3, padding=1)
        self.down = nn.ModuleList(Block(half, half, condition) for _ in range(blocks))
        self.shrink = nn.Conv2d(half, quarter, 3, stride=2, padding=1)
        self.low_down = nn.ModuleList(Block(quarter, quarter, condition) for _ in range(blocks))
        self.attention = Attention(quarter)
        self.low_up = nn.ModuleList(Block(2 * quarter, quarter, condition) for _ in range(blocks))
        self.grow = nn.Conv2d(quarter, half, 3, padding=1)
        self.up = nn.ModuleList(Block(2 * half, half, condition) for _ in range(blocks))
        self.norm = nn.GroupNorm(8, half)
        self.output = nn.Conv2d(half, squares, 3, padding=1)
        nn.init.zeros_(self.output.weight)
        nn.init.zeros_(self.output.bias)  # type: ignore[arg-type]

    def forward(self, z: Tensor, alpha: Tensor, sigma: Tensor, labels: Tensor) -> Tensor:
        """What the caller has trained it to say of noisy pictures.

        Args:
            z: alpha x + sigma e, with x from -1 to 1 and e standard normal, ``float32`` (B, C, H, W).
            alpha: How much is picture, (B,), at least 0.
            sigma: How much is noise, (B,), at least 0; not both 0.
            labels: Classes, ``int64`` (B,), -1 for "any class".

        Returns:
            Of z's shape, ``float32``.
        """
        label = self.label(labels % (self.classes + 1))  # -1 is the last
        condition = F.silu(self.embed_noise(self._noise_features(alpha, sigma)) + label)
        h = self.input(self._value_features(F.pixel_unshuffle(z, 2), alpha, sigma))
        kept = []
        for block in self.down:
            h = block(h, condition)
            kept.append(h)
        h = self.shrink(h)
        for block in self.low_down:
            h = block(h, condition)
            kept.append(h)
        h = self.attention(h)
        for block in self.low_up:
            h = block(torch.cat((h, kept.pop()), dim=1), condition)
        h = self.grow(F.interpolate(h, scale_factor=2.0, mode="nearest"))
        for block in self.up:
            h = block(torch.cat((h, kept.pop()), dim=1), condition)
        return F.pixel_shuffle(self.output(F.silu(self.norm(h))).float(), 2)

    def _noise_features(self, alpha: Tensor, sigma: Tensor) -> Tensor:
        """Sines of log(alpha²/sigma²), (B, 2 half)."""
        ratio = (2 * (alpha.clamp_min(1e-9).log() - sigma.clamp_min(1e-9).log())).clamp(-FAR, FAR)
        angle = ratio[:, None] * self.waves
        return torch.cat((angle.sin(), angle.cos()), dim=1)

    def _value_features(self, z: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
        """The values, brought to one size whatever the noise, and their weakened sines."""
        alpha, sigma = alpha[:, None, None, None], sigma[:, None, None, None]
        values = [z / (alpha.square() + sigma.square()).sqrt()]
        x, noise = z / alpha.clamp_min(1e-3), sigma / alpha.clamp_min(1e-3)
        for frequency in self.frequencies:
            weight = torch.exp(-0.5 * (frequency * noise).square())  # the sine's mean under this noise
            values += [weight * torch.sin(frequency * x), weight * torch.cos(frequency * x)]
        return torch.cat(values, dim=1)
