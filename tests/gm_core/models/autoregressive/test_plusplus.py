"""PixelCNN++: causal over pixels and channels through the strides, and a distribution over the levels of a pixel."""

import itertools

import numpy as np
import pytest
import torch

from gm_core import PixelCNNPP, PixelCNNPPConfig, draw_noise, rebuild
from tests.helpers import flat, loss_of

SIZE = {"height": 6, "width": 7, "classes": 3, "mixture": 3, "vertical": (8, 8, 8), "horizontal": (8, 12, 8)}


def small(**changes) -> PixelCNNPP:
    torch.manual_seed(0)
    config = flat(PixelCNNPPConfig, **{**SIZE, "blocks": (1, 1, 2), **changes})
    return PixelCNNPP(config).eval().requires_grad_(False)


def pictures(n: int, seed: int, channels: int = 3, height: int = 6, width: int = 7, levels: int = 256) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(levels, (n, channels, height, width), dtype=torch.uint8, generator=generator)


@pytest.mark.parametrize("size", [(6, 5), (8, 6), (5, 6)])
@pytest.mark.parametrize("kernel_size", [3, 5])
def test_a_pixel_sees_all_pixels_before_it_and_no_other(size, kernel_size):
    """At every phase of the strides, and on sizes that they do not divide."""
    model = small(kernel_size=kernel_size, vertical=(8, 8, 8), horizontal=(16, 16, 16), blocks=(2, 2, 2))
    height, width = size
    features = model.features(pictures(1, 1, height=height, width=width).movedim(1, -1).long())
    features = features.detach().requires_grad_(True)
    outputs = model.outputs(features)[0]
    weights = torch.randn(outputs.shape[-1], generator=torch.Generator().manual_seed(2))
    for index in range(height * width):
        row, column = divmod(index, width)
        (gradient,) = torch.autograd.grad((outputs[row, column] * weights).sum(), features, retain_graph=True)
        seen = gradient[0].abs().sum(dim=0).flatten() > 0
        assert not seen[index:].any(), f"pixel {index} sees the future"
        assert seen[:index].all(), f"pixel {index} does not see {(~seen[:index]).nonzero().flatten().tolist()}"


def test_a_channel_depends_on_the_channels_before_it_only():
    """Of values before, in raster order and red, green, blue within a pixel: any other may change, nothing moves."""
    model, images = small(), pictures(1, 3)
    before = model.distribution(images).logits[0].permute(1, 2, 0, 3).reshape(-1, 256)
    for index in [0, 1, 2, 3, 64, 65, 66, 67, 68, 125]:
        pixel, channel = divmod(index, 3)
        other = images.clone()
        other[0, channel].view(-1)[pixel] ^= 128
        after = model.distribution(other).logits[0].permute(1, 2, 0, 3).reshape(-1, 256)
        changed = (after != before).any(dim=-1)
        assert not changed[: index + 1].any()
        if channel < 2:
            assert changed[index + 1 : 3 * pixel + 3].all(), "a channel does not see one before it"


@pytest.mark.parametrize("label", [-1, 2])
def test_the_probabilities_of_all_images_sum_to_one(label):
    model = small(height=1, width=2, levels=3)
    images = torch.tensor(list(itertools.product(range(3), repeat=6)), dtype=torch.uint8).view(-1, 3, 1, 2)
    log_prob = model.log_prob(images, torch.full((len(images),), label)).double()
    assert torch.logsumexp(log_prob, 0).exp().item() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("channels", [1, 3])
def test_log_prob_loss_and_distribution_agree(channels):
    model, images = small(channels=channels), pictures(3, 7, channels)
    images[0] = 0
    images[1] = 255
    labels = torch.tensor([0, -1, 2])
    pixels = model.pixel_log_prob(images, labels)
    assert pixels.shape == images.shape
    log_prob = model.log_prob(images, labels)
    torch.testing.assert_close(pixels.sum(dim=(1, 2, 3)), log_prob)
    torch.testing.assert_close(loss_of(model, images, labels), -log_prob.mean())
    distribution = model.distribution(images, labels)
    assert distribution.batch_shape == images.shape
    torch.testing.assert_close(distribution.log_prob(images.long()), pixels, rtol=1e-4, atol=1e-4)
    dims = channels * 6 * 7
    torch.testing.assert_close(model.bits_per_dim(log_prob), -log_prob / (dims * np.log(2)))


@pytest.mark.parametrize("channels", [1, 3])
def test_the_moments_of_the_surprise_are_those_of_the_distribution(channels):
    model, images = small(channels=channels), pictures(3, 12, channels)
    log_p = model.distribution(images).logits.double()
    entropy = -(log_p.exp() * log_p).sum(dim=-1)
    variance = (log_p.exp() * (log_p + entropy[..., None]).square()).sum(dim=-1)
    for got, expected in zip(model.surprise(images), (-model.pixel_log_prob(images), entropy, variance), strict=True):
        assert got.shape == images.shape
        torch.testing.assert_close(got.double(), expected.double(), rtol=1e-3, atol=1e-3)


def test_the_label_matters_and_none_is_any_class():
    model, images = small(), pictures(2, 8)
    assert torch.equal(model.log_prob(images), model.log_prob(images, torch.tensor([-1, -1])))
    assert not torch.allclose(model.log_prob(images), model.log_prob(images, torch.tensor([1, 1])))


def test_the_likelihood_is_of_single_precision_under_autocast():
    model, images = small(), pictures(2, 9)
    with torch.autocast("cpu", torch.bfloat16):
        parameters = model.outputs(model.features(images.movedim(1, -1).long()))
        assert parameters.dtype == torch.float32
        assert model.head.mixture(parameters).log_prob(images.movedim(1, -1)).dtype == torch.float32
        loss = loss_of(model, images, torch.tensor([-1, -1]))
    loc = model.head.mixture(parameters).loc
    assert len(loc.unique()) > len(loc.bfloat16().unique()), "locations are no finer than bfloat16, which is a level"
    torch.testing.assert_close(loss, -model.log_prob(images).mean(), rtol=0.01, atol=0)


@pytest.mark.parametrize("channels", [1, 3])
def test_events_rebuild_the_picture_and_its_log_likelihood(channels):
    model = small(height=3, width=4, channels=channels)
    labels = torch.tensor([1, -1])
    events = list(model.stream(2, labels, generator=torch.Generator().manual_seed(0), chunk=5))
    assert events[0].values.shape == (2, 5, channels)
    assert events[0].logits.shape == (2, 5, channels, 256)
    images, log_prob = rebuild(events, 3, 4)
    torch.testing.assert_close(log_prob, model.pixel_log_prob(images, labels), rtol=1e-4, atol=1e-4)
    again = model.sample(2, labels, generator=torch.Generator().manual_seed(0))
    assert torch.equal(again, images)
    noise = draw_noise(2, 3, 4, torch.Generator().manual_seed(0), channels)
    assert torch.equal(rebuild(model.stream(2, labels, noise=noise, naive=True), 3, 4)[0], images)


def test_a_given_channel_stays_and_those_after_it_are_drawn_given_it():
    model, start = small(height=3, width=4), pictures(1, 10, height=3, width=4)
    keep = torch.zeros_like(start, dtype=torch.bool)
    keep[:, 0] = True
    noise = draw_noise(1, 3, 4, torch.Generator().manual_seed(1), 3)
    images, log_prob = rebuild(model.stream(start=start, keep=keep, noise=noise), 3, 4)
    assert torch.equal(images[:, 0], start[:, 0])
    assert not torch.equal(images[:, 1], start[:, 1])
    torch.testing.assert_close(log_prob, model.pixel_log_prob(images), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"channels": 2}, "1 or 3"),
        ({"kernel_size": 4}, "3, 5, 7"),
        ({"vertical": (8, 8)}, "as many"),
        ({"horizontal": (9, 8, 8)}, "must be even"),
        ({"dropout": 1.0}, "below 1"),
        ({"mixture": 0}, "mixture"),
        ({"blocks": (1.0, 1, 1)}, "blocks"),
    ],
)
def test_shapes_that_no_network_can_have_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        small(**wrong)


def test_dropout_is_for_training_only():
    model, images, labels = small(dropout=0.5), pictures(2, 11), torch.tensor([-1, -1])
    assert torch.equal(loss_of(model, images, labels), loss_of(model, images, labels))
    model.train()
    assert not torch.equal(loss_of(model, images, labels), loss_of(model, images, labels))
