"""Which pixels a pixel hangs on: what the gradient says must be true of the model."""

import pytest
import torch

from gm_core import GatedPixelCNN, GatedPixelCNNConfig, PixelCNNPP, PixelCNNPPConfig, influence
from tests.helpers import flat

HEIGHT, WIDTH = 6, 7


def small(**changes) -> GatedPixelCNN:
    torch.manual_seed(0)
    config = flat(
        GatedPixelCNNConfig, **{"height": HEIGHT, "width": WIDTH, "classes": 3, "channels": 8, "layers": 8, **changes}
    )
    return GatedPixelCNN(config).eval().requires_grad_(False)


def picture(seed: int = 1, levels: int = 256) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(levels, (1, 1, HEIGHT, WIDTH), dtype=torch.uint8, generator=generator)


@pytest.mark.parametrize("index", [0, 1, 17, HEIGHT * WIDTH - 1])
def test_every_earlier_pixel_counts_and_no_other(index):
    strength = influence(small(), picture(), index)
    assert strength.shape == (HEIGHT, WIDTH) and strength.device.type == "cpu"
    assert torch.all(strength.flatten()[:index] > 0)
    assert torch.all(strength.flatten()[index:] == 0)


def test_few_layers_do_not_reach_far():
    strength = influence(small(layers=1), picture(), HEIGHT * WIDTH - 1)
    assert strength[0].max() == 0 and strength[HEIGHT - 1, WIDTH - 2] > 0


def test_it_is_what_changing_the_value_does():
    """Without an embedding, a few levels move the features so little that the first order is all there is."""
    model, image, row, column, by = small(embedding=0), picture().clamp(10, 200), HEIGHT - 1, 1, 4
    around = image.repeat(2, 1, 1, 1)
    around[:, 0, row, column] += torch.tensor([by, -by], dtype=torch.int8).view(torch.uint8)
    with torch.no_grad():
        more, less = model.pixel_log_prob(around)[:, 0, row, column + 1].tolist()
    nats_a_level = abs(more - less) / (2 * by)
    levels_away = (torch.arange(256.0) - image[0, 0, row, column]).abs().mean().item()
    strength = influence(model, image, row * WIDTH + column + 1)[row, column].item()
    assert strength == pytest.approx(nats_a_level * levels_away, rel=0.02)


def test_the_label_matters_and_gradients_are_had_under_no_grad():
    model = small()
    with torch.no_grad():
        any_class, second = influence(model, picture(), 30), influence(model, picture(), 30, label=1)
    assert not torch.allclose(any_class, second)


@pytest.mark.parametrize("index", [-1, HEIGHT * WIDTH])
def test_a_pixel_that_is_not_there(index):
    with pytest.raises(ValueError, match="must be from 0 to 41"):
        influence(small(), picture(), index)


def test_in_colour_it_is_what_changing_the_channels_does():
    torch.manual_seed(0)
    sizes = {"height": HEIGHT, "width": WIDTH, "classes": 3, "mixture": 3}
    model = PixelCNNPP(flat(PixelCNNPPConfig, vertical=(4, 4), horizontal=(8, 8), blocks=(1, 1), **sizes)).eval()
    generator = torch.Generator().manual_seed(1)
    image = torch.randint(20, 230, (1, 3, HEIGHT, WIDTH), dtype=torch.uint8, generator=generator)
    row, column, by, index = HEIGHT - 1, 1, 4, (HEIGHT - 1) * WIDTH + 2
    strength = influence(model, image, index)
    expected = 0.0
    for channel in range(3):
        around = image.repeat(2, 1, 1, 1)
        around[:, channel, row, column] += torch.tensor([by, -by], dtype=torch.int8).view(torch.uint8)
        with torch.no_grad():
            more, less = model.pixel_log_prob(around)[:, :, row, column + 1].sum(dim=1).tolist()
        levels_away = (torch.arange(256.0) - image[0, channel, row, column]).abs().mean().item()
        expected += abs(more - less) / (2 * by) * levels_away
    assert strength[row, column].item() == pytest.approx(expected, rel=0.02)
    assert torch.all(strength.flatten()[index:] == 0)
