"""The residual PixelCNN: causal, and without a blind spot."""

import pytest
import torch

from gm_core import ResidualPixelCNN, ResidualPixelCNNConfig
from tests.helpers import flat, loss_of

HEIGHT, WIDTH = 6, 9
SIZE = {"height": HEIGHT, "width": WIDTH, "classes": 3, "vertical": 8, "horizontal": 12, "kernel_size": 3, "blocks": 3}


def small(**changes) -> ResidualPixelCNN:
    torch.manual_seed(0)
    return ResidualPixelCNN(flat(ResidualPixelCNNConfig, **{**SIZE, **changes})).eval().requires_grad_(False)


def seen_by(model, height, width, row, column) -> torch.Tensor:
    """Which pixels the logits of one depend on: ``bool`` (H, W)."""
    features = model.features(torch.randint(256, (1, height, width), generator=torch.Generator().manual_seed(1)))
    features = features.detach().requires_grad_(True)
    logits = model.outputs(features)[0, row, column]
    weights = torch.randn(logits.shape, generator=torch.Generator().manual_seed(2))
    (gradient,) = torch.autograd.grad((logits * weights).sum(), features)
    return gradient[0].abs().sum(dim=0) > 0


@pytest.mark.parametrize("kernel_size", [3, 5])
def test_no_pixel_sees_itself_or_a_later_one(kernel_size):
    model = small(kernel_size=kernel_size)
    for index in range(HEIGHT * WIDTH):
        seen = seen_by(model, HEIGHT, WIDTH, *divmod(index, WIDTH)).flatten()
        assert not seen[index:].any(), f"pixel {index} sees the future"


@pytest.mark.parametrize("kernel_size", [3, 5])
def test_every_earlier_pixel_within_reach_is_seen(kernel_size):
    """A row above is seen as far to both sides as its own row is to the left: no wedge is missing."""
    model = small(kernel_size=kernel_size, vertical=32, horizontal=32)
    height, width = 8, 29
    reach = 3 + SIZE["blocks"] * (kernel_size // 2)
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    for row, column in [(7, 14), (7, 0), (7, 28), (3, 20), (0, 28)]:
        before = (rows < row) | ((rows == row) & (columns < column))
        near = (row - rows <= reach) & ((columns - column).abs() <= reach)
        assert torch.equal(seen_by(model, height, width, row, column), before & near)


def test_the_vertical_stack_takes_nothing_from_the_horizontal_one():
    model = small()
    vertical, horizontal = SIZE["vertical"], SIZE["horizontal"]
    x = torch.rand(1, vertical + horizontal, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(3))
    other = x.clone()
    other[:, vertical:] += 1
    block, condition = model.stacks.stack_blocks()[0], torch.zeros(1, dtype=torch.int64)
    before, after = block(x, condition), block(other, condition)
    torch.testing.assert_close(before[:, :vertical], after[:, :vertical], rtol=0, atol=1e-6)
    assert not torch.allclose(before[:, vertical:], after[:, vertical:] - 1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"vertical": 7},
        {"horizontal": 9},
        {"kernel_size": 4},
        {"kernel_size": 1},
        {"palette": "no"},
        {"stretch": 1},
        {"dropout": 1.0},
    ],
)
def test_shapes_that_no_network_can_have_are_refused(wrong):
    with pytest.raises(ValueError, match="of a residual PixelCNN"):
        small(**wrong)


def test_dropout_is_for_training_only():
    model = small(dropout=0.5)
    images = torch.randint(256, (2, 1, HEIGHT, WIDTH), dtype=torch.uint8, generator=torch.Generator().manual_seed(4))
    labels = torch.tensor([-1, 1])
    assert torch.equal(loss_of(model, images, labels), loss_of(model, images, labels))
    model.train()
    assert not torch.equal(loss_of(model, images, labels), loss_of(model, images, labels))
