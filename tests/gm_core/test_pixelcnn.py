"""What must be true of an autoregressive density."""

import itertools

import pytest
import torch

from gm_core import GatedPixelCNN, PixelCNNConfig


def small(**changes) -> GatedPixelCNN:
    torch.manual_seed(0)
    config = PixelCNNConfig(**{"height": 6, "width": 7, "classes": 3, "channels": 8, "layers": 4, **changes})
    return GatedPixelCNN(config).eval().requires_grad_(False)


def influence(model: GatedPixelCNN, height: int, width: int, row: int, column: int) -> torch.Tensor:
    """Sum over levels of |d logits(row, column) / d features|, for every pixel: (H, W)."""
    generator = torch.Generator().manual_seed(1)
    values = torch.randint(model.config.levels, (1, height, width), generator=generator)
    features = model.features(values).detach().requires_grad_(True)
    logits = model.logits(features)[0, row, column]
    weights = torch.randn(logits.shape, generator=generator)
    (gradient,) = torch.autograd.grad((logits * weights).sum(), features)
    return gradient[0].abs().sum(dim=0)


@pytest.mark.parametrize("dilations", [(1,), (1, 2)])
def test_no_pixel_sees_itself_or_a_later_one(dilations):
    model, height, width = small(dilations=dilations), 6, 7
    for index in range(height * width):
        seen = influence(model, height, width, *divmod(index, width)).flatten()
        assert torch.all(seen[index:] == 0), f"pixel {index} sees the future"


def test_every_earlier_pixel_is_seen_so_there_is_no_blind_spot():
    model, height, width = small(layers=8), 6, 7
    for index in range(height * width):
        seen = influence(model, height, width, *divmod(index, width)).flatten()
        assert torch.all(seen[:index] > 0), f"pixel {index} misses an earlier one"


@pytest.mark.parametrize("label", [-1, 0, 2])
def test_the_probabilities_of_all_images_sum_to_one(label):
    model = small(height=2, width=3, levels=3, layers=3)
    images = torch.tensor(list(itertools.product(range(3), repeat=6)), dtype=torch.uint8).view(-1, 1, 2, 3)
    log_prob = model.log_prob(images, torch.full((len(images),), label)).double()
    assert len(images) == 3**6
    assert torch.logsumexp(log_prob, 0).exp().item() == pytest.approx(1, abs=1e-5)


def test_pixel_log_probs_sum_to_log_prob_and_come_from_the_distribution():
    model = small()
    images = torch.randint(256, (3, 1, 6, 7), dtype=torch.uint8, generator=torch.Generator().manual_seed(2))
    labels = torch.tensor([0, -1, 2])
    pixels = model.pixel_log_prob(images, labels)
    assert pixels.shape == images.shape
    torch.testing.assert_close(pixels.sum(dim=(1, 2, 3)), model.log_prob(images, labels))
    probabilities = model.distribution(images, labels).probs
    chosen = probabilities.gather(-1, images.long().unsqueeze(-1)).squeeze(-1)
    torch.testing.assert_close(chosen.log(), pixels, rtol=1e-4, atol=1e-4)


def test_the_label_matters_and_none_is_any_class():
    model = small()
    images = torch.randint(256, (2, 1, 6, 7), dtype=torch.uint8, generator=torch.Generator().manual_seed(3))
    none, unknown = model.log_prob(images), model.log_prob(images, torch.tensor([-1, -1]))
    assert torch.equal(none, unknown)
    assert not torch.allclose(none, model.log_prob(images, torch.tensor([1, 1])))


def test_the_loss_is_the_mean_negative_log_likelihood():
    model = small()
    images = torch.randint(256, (4, 1, 6, 7), dtype=torch.uint8, generator=torch.Generator().manual_seed(4))
    labels = torch.tensor([0, 1, 2, -1])
    torch.testing.assert_close(model.loss(images, labels), -model.log_prob(images, labels).mean())


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (torch.zeros(1, 1, 6, 7), None, "uint8"),
        (torch.zeros(1, 3, 6, 7, dtype=torch.uint8), None, r"\(B, 1, H, W\)"),
        (torch.zeros(0, 1, 6, 7, dtype=torch.uint8), None, r"\(0, 1, 6, 7\)"),
        (torch.zeros(2, 1, 6, 7, dtype=torch.uint8), torch.tensor([0, 3]), "from 0 to 2"),
        (torch.zeros(2, 1, 6, 7, dtype=torch.uint8), torch.tensor([0]), r"shape \(2,\)"),
        (torch.zeros(2, 1, 6, 7, dtype=torch.uint8), torch.tensor([0.0, 1.0]), "int64"),
    ],
)
def test_wrong_input_is_named(images, labels, message):
    with pytest.raises(ValueError, match=message):
        small().log_prob(images, labels)


def test_values_beyond_the_levels_are_refused():
    with pytest.raises(ValueError, match="below 4, found 9"):
        small(levels=4).log_prob(torch.full((1, 1, 6, 7), 9, dtype=torch.uint8))
