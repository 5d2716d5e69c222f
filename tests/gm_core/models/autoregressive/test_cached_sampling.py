"""The cached samplers of the original and the residual PixelCNN and of PixelCNN++ are the naive one, faster."""

import pytest
import torch

from gm_core import (
    Autoregressive,
    draw_noise,
    rebuild,
)
from tests.gm_core.models.autoregressive.small import HEIGHT, WIDTH, masked, residual, strided


def draw(model, n=2, **options):
    events = model.stream(n, generator=torch.Generator().manual_seed(5), **options)
    height, width = (
        options["start"].shape[2:] if "start" in options else (model.config.image.height, model.config.image.width)
    )
    return rebuild(events, height, width)


def some(height, width, channels=1):
    generator = torch.Generator().manual_seed(6)
    start = torch.randint(256, (1, channels, height, width), dtype=torch.uint8, generator=generator)
    return {"start": start, "keep": torch.rand(1, channels, height, width, generator=generator) < 0.5}


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("small", [masked, residual])
@pytest.mark.parametrize(
    ("changes", "options"),
    [
        ({}, {}),
        ({"blocks": 1}, {"labels": torch.tensor([2, -1]), "chunk": 4}),
        ({"height": 1, "width": 11}, {"temperature": 0.5}),
        ({"height": 11, "width": 1}, {"temperature": 1.7, "n": 3}),
        ({"embedding": 0, "levels": 5}, {"n": 33}),
        ({}, some(HEIGHT, WIDTH)),
        ({}, some(4, 13)),
    ],
)
def test_cached_equals_naive_pixel_for_pixel(small, changes, options):
    assert_cached_is_naive(small(**changes), options)


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize(
    ("changes", "options"),
    [
        ({"kernel_size": 5, "blocks": 2}, {"n": 3}),
        ({"height": 11, "width": 1, "kernel_size": 7}, {"temperature": 1.7, "n": 3}),
    ],
)
def test_so_it_does_with_wider_kernels(changes, options):
    assert_cached_is_naive(residual(**changes), options)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    ("changes", "options"),
    [
        ({"height": 8, "width": 8}, {"n": 1}),
        ({}, {"n": 3, "labels": torch.tensor([2, -1, 0]), "chunk": 4}),
        ({"height": 5, "width": 7, "kernel_size": 5, "blocks": (2, 1, 2)}, {"temperature": 0.5}),
        ({"height": 1, "width": 11}, {"temperature": 1.7, "n": 3}),
        ({"height": 11, "width": 1, "kernel_size": 7}, {"n": 1}),
        ({"height": 2, "width": 3, "embedding": 2, "levels": 5}, {"n": 33}),
        ({"vertical": (4, 6), "horizontal": (8, 6), "blocks": (1, 2)}, {}),
        ({"vertical": (4,), "horizontal": (8,), "blocks": (2,)}, {}),
        ({"vertical": (4,) * 4, "horizontal": (6,) * 4, "blocks": (1, 2, 1, 1)}, {"labels": torch.tensor([1, 1])}),
    ],
)
def test_so_it_does_through_strides(channels, changes, options):
    assert_cached_is_naive(strided(channels=channels, **changes), options)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [(8, 8), (6, 10), (7, 5)])
def test_through_strides_any_values_are_kept(channels, size):
    """Whole pixels, and some channels of others."""
    assert_cached_is_naive(strided(channels=channels), {**some(*size, channels), "n": 3, "temperature": 1.3})


def test_a_label_reaches_the_pixels_through_strides():
    noise = draw_noise(1, HEIGHT, WIDTH, torch.Generator().manual_seed(3), 3)
    first, second, third = rebuild(strided().stream(3, torch.tensor([0, 1, 1]), noise=noise), HEIGHT, WIDTH)[0]
    assert torch.equal(second, third) and not torch.equal(first, second)


def assert_cached_is_naive(model: Autoregressive, options) -> None:
    cached, cached_log_prob = draw(model, **options)
    naive, naive_log_prob = draw(model, naive=True, **options)
    assert torch.equal(cached, naive)
    torch.testing.assert_close(cached_log_prob, naive_log_prob, rtol=1e-4, atol=1e-4)
    if "keep" in options:
        keep = options["keep"].expand_as(cached)
        assert torch.equal(cached[keep], options["start"].expand_as(cached)[keep])


def test_one_noise_for_all_pictures_leaves_the_labels_to_make_the_difference():
    model = masked()
    for block in model.stack.residual_blocks():
        block.label.weight.mul_(50)  # untrained, the labels hardly matter
    noise = draw_noise(1, HEIGHT, WIDTH, torch.Generator().manual_seed(3))
    events = model.stream(4, torch.tensor([0, 1, 1, -1]), noise=noise)
    first, second, third, fourth = rebuild(events, HEIGHT, WIDTH)[0]
    assert torch.equal(second, third)
    assert not torch.equal(first, second) and not torch.equal(second, fourth)
    alone = rebuild(model.stream(1, generator=torch.Generator().manual_seed(3)), HEIGHT, WIDTH)[0]
    assert torch.equal(alone[0], fourth)


@pytest.mark.parametrize("noise", [torch.rand(2, HEIGHT, WIDTH), torch.rand(3, HEIGHT, WIDTH, dtype=torch.float64)])
def test_noise_of_another_kind_is_refused(noise):
    with pytest.raises(ValueError, match=r"noise must be float64 of shape \(2, 6, 9\)"):
        masked().stream(2, noise=noise)
