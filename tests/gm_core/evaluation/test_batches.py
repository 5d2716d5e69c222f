"""A function of many pictures is the same whatever the batch."""

import torch

from gm_core.data.datasets import Images
from gm_core.evaluation.batches import count_of, in_batches
from tests.helpers import seeded


def test_batches_are_joined_in_order_and_hold_no_gradients():
    a, b = torch.randn(2, 7, 3, generator=seeded()).requires_grad_()
    sizes = []

    def total(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        sizes.append(len(x))
        return (x * y).sum(dim=1)

    joined = in_batches(total, a, b, batch=3)
    assert sizes == [3, 3, 1] and not joined.requires_grad
    torch.testing.assert_close(joined, (a * b).sum(dim=1).detach())


def test_what_was_measured_on_is_counted_in_words():
    images, labels = torch.zeros(1200, 1, 2, 2, dtype=torch.uint8), torch.zeros(1200, dtype=torch.int64)
    assert count_of(Images(images, labels, ("a",))) == "1,200 test images"
    assert count_of(Images(images, labels, ("a",), part="the first 1,200 test images")) == "the first 1,200 test images"
