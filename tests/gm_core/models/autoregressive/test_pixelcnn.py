"""What must be true of an autoregressive density."""

import itertools

import pytest
import torch

from gm_core import (
    Autoregressive,
    GatedPixelCNN,
    GatedPixelCNNConfig,
    MaskedPixelCNN,
    MaskedPixelCNNConfig,
    ResidualPixelCNN,
    ResidualPixelCNNConfig,
)
from gm_core.models.autoregressive.original import MaskedConv2d
from tests.helpers import flat, loss_of

SIZE = {"height": 6, "width": 7, "classes": 3, "channels": 8}


def gated(**changes) -> Autoregressive:
    torch.manual_seed(0)
    return GatedPixelCNN(flat(GatedPixelCNNConfig, **{**SIZE, "layers": 4, **changes})).eval().requires_grad_(False)


def masked(**changes) -> Autoregressive:
    torch.manual_seed(0)
    return MaskedPixelCNN(flat(MaskedPixelCNNConfig, **{**SIZE, "blocks": 4, **changes})).eval().requires_grad_(False)


def residual(*, channels=8, **changes) -> Autoregressive:
    torch.manual_seed(0)
    size = {name: value for name, value in SIZE.items() if name != "channels"}
    config = {**size, "vertical": channels, "horizontal": channels, "kernel_size": 3, "blocks": 4, **changes}
    return ResidualPixelCNN(flat(ResidualPixelCNNConfig, **config)).eval().requires_grad_(False)


@pytest.fixture(params=[gated, masked, residual])
def small(request):
    """What must be true of every PixelCNN."""
    return request.param


def influence(model: Autoregressive, height: int, width: int, row: int, column: int) -> torch.Tensor:
    """Sum over levels of |d logits(row, column) / d features|, for every pixel: (H, W)."""
    generator = torch.Generator().manual_seed(1)
    values = torch.randint(model.config.image.levels, (1, height, width), generator=generator)
    features = model.features(values).detach().requires_grad_(True)
    logits = model.outputs(features)[0, row, column]
    weights = torch.randn(logits.shape, generator=generator)
    (gradient,) = torch.autograd.grad((logits * weights).sum(), features)
    return gradient[0].abs().sum(dim=0)


@pytest.mark.parametrize("model", [gated(dilations=(1,)), gated(dilations=(1, 2)), masked()])
def test_no_pixel_sees_itself_or_a_later_one(model):
    height, width = 6, 7
    for index in range(height * width):
        seen = influence(model, height, width, *divmod(index, width)).flatten()
        assert torch.all(seen[index:] == 0), f"pixel {index} sees the future"


def test_every_earlier_pixel_is_seen_so_there_is_no_blind_spot():
    model, height, width = gated(layers=8), 6, 7
    for index in range(height * width):
        seen = influence(model, height, width, *divmod(index, width)).flatten()
        assert torch.all(seen[:index] > 0), f"pixel {index} misses an earlier one"


def test_the_original_has_the_blind_spot_that_its_masks_leave():
    """In the row d above, layers that climb a row at a time let it see 2 + d columns to the right, and no further."""
    model, height, width = masked(blocks=8, channels=16), 7, 15
    row, column = height - 1, 5
    seen = influence(model, height, width, row, column) > 0
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    above = (rows < row) & (columns - column <= 2 + (row - rows))
    assert torch.equal(seen, above | ((rows == row) & (columns < column)))
    assert not seen[row - 1, column + 4 :].any()


@pytest.mark.parametrize(("mask_type", "inside"), [("A", 4), ("B", 5)])
def test_a_mask_lets_through_what_comes_before(mask_type, inside):
    layer = MaskedConv2d(1, 1, 3, mask_type)
    assert layer.mask.flatten().tolist() == [1] * inside + [0] * (9 - inside)
    picture = torch.rand(1, 1, 5, 5, generator=torch.Generator().manual_seed(0))
    before = layer(picture)
    with torch.no_grad():
        layer.weight[:, :, layer.mask == 0] = 1e6  # what lies behind the mask cannot come to life
    assert torch.equal(layer(picture), before)
    assert "mask" not in layer.state_dict()


@pytest.mark.parametrize("label", [-1, 0, 2])
def test_the_probabilities_of_all_images_sum_to_one(small, label):
    model = small(height=2, width=3, levels=3)
    images = torch.tensor(list(itertools.product(range(3), repeat=6)), dtype=torch.uint8).view(-1, 1, 2, 3)
    log_prob = model.log_prob(images, torch.full((len(images),), label)).double()
    assert len(images) == 3**6
    assert torch.logsumexp(log_prob, 0).exp().item() == pytest.approx(1, abs=1e-5)


def test_pixel_log_probs_sum_to_log_prob_and_come_from_the_distribution(small):
    model = small()
    images = torch.randint(256, (3, 1, 6, 7), dtype=torch.uint8, generator=torch.Generator().manual_seed(2))
    labels = torch.tensor([0, -1, 2])
    pixels = model.pixel_log_prob(images, labels)
    assert pixels.shape == images.shape
    torch.testing.assert_close(pixels.sum(dim=(1, 2, 3)), model.log_prob(images, labels))
    probabilities = model.distribution(images, labels).probs
    chosen = probabilities.gather(-1, images.long().unsqueeze(-1)).squeeze(-1)
    torch.testing.assert_close(chosen.log(), pixels, rtol=1e-4, atol=1e-4)


def test_the_label_matters_and_none_is_any_class(small):
    model = small()
    images = torch.randint(256, (2, 1, 6, 7), dtype=torch.uint8, generator=torch.Generator().manual_seed(3))
    none, unknown = model.log_prob(images), model.log_prob(images, torch.tensor([-1, -1]))
    assert torch.equal(none, unknown)
    assert not torch.allclose(none, model.log_prob(images, torch.tensor([1, 1])))


def test_the_loss_is_the_mean_negative_log_likelihood(small):
    model = small()
    images = torch.randint(256, (4, 1, 6, 7), dtype=torch.uint8, generator=torch.Generator().manual_seed(4))
    labels = torch.tensor([0, 1, 2, -1])
    torch.testing.assert_close(loss_of(model, images, labels), -model.log_prob(images, labels).mean())


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
def test_wrong_input_is_named(small, images, labels, message):
    with pytest.raises(ValueError, match=message):
        small().log_prob(images, labels)


def test_values_beyond_the_levels_are_refused(small):
    with pytest.raises(ValueError, match="below 4, found 9"):
        small(levels=4).log_prob(torch.full((1, 1, 6, 7), 9, dtype=torch.uint8))


@pytest.mark.parametrize(
    "wrong",
    [{"height": 0}, {"levels": 257}, {"levels": 1}, {"embedding": -1}, {"channels": 2.0}, {"classes": "3"}],
)
def test_shapes_that_no_network_can_have_are_refused(small, wrong):
    with pytest.raises(ValueError, match="have"):
        small(**wrong)
    with pytest.raises(ValueError, match="must be even"):
        masked(channels=7)
    with pytest.raises(ValueError, match="dilations"):
        gated(dilations=())
