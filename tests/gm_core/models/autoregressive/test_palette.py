"""The palette: what the levels used so far say of the next pixel, causal and from anywhere in the picture."""

import pytest
import torch

from gm_core import ResidualPixelCNN, ResidualPixelCNNConfig, rebuild
from gm_core.models.autoregressive.features import PixelFeatures
from gm_core.models.autoregressive.palette import levels_before
from tests.helpers import flat

HEIGHT, WIDTH = 7, 8
SIZE = {"height": HEIGHT, "width": WIDTH, "classes": 3, "vertical": 8, "horizontal": 12, "kernel_size": 3, "blocks": 1}


def small(**changes) -> ResidualPixelCNN:
    torch.manual_seed(0)
    config = flat(ResidualPixelCNNConfig, **{**SIZE, "palette": True, **changes})
    return ResidualPixelCNN(config).eval().requires_grad_(False)


def trained(**changes) -> ResidualPixelCNN:
    """As if training had found something to say."""
    model = small(**changes)
    for part in model.palette.parameters():
        part.normal_(generator=torch.Generator().manual_seed(1))
    return model


def pictures(n, levels=256):
    generator = torch.Generator().manual_seed(2)
    return torch.randint(levels, (n, 1, HEIGHT, WIDTH), dtype=torch.uint8, generator=generator)


def test_a_level_is_there_from_the_pixel_after_its_first_on():
    values = torch.tensor([[[2, 0, 2], [1, 0, 3]], [[3, 3, 3], [3, 3, 3]]])
    seen = levels_before(values, 4)
    for picture, turn in [(b, t) for b in range(2) for t in range(6)]:
        used = set(values[picture].flatten()[:turn].tolist())
        assert seen[picture].view(6, 4)[turn].tolist() == [level in used for level in range(4)]


@pytest.mark.parametrize(("levels", "embedding"), [(2, 0), (5, 3), (256, 16)])
def test_features_tell_which_levels_they_are_of(levels, embedding):
    features = PixelFeatures(levels, embedding)
    values = torch.arange(levels).view(1, 1, -1)
    assert torch.equal(features.levels_of(features(values)), values)


def test_untrained_it_says_nothing():
    model, images = small(), pictures(3)
    torch.testing.assert_close(model.log_prob(images), small(palette=False).log_prob(images))


def test_a_pixel_hears_of_every_earlier_one_and_of_none_to_come():
    model, image = trained(), pictures(1)
    before = model.distribution(image).logits
    for index in range(HEIGHT * WIDTH):
        other = image.clone()
        other.view(-1)[index] = next(v for v in range(256) if v not in image)
        changed = (model.distribution(other).logits - before).abs().amax(dim=-1).flatten() > 1e-6
        assert not changed[: index + 1].any(), f"pixel {index} changes the past"
        assert changed[index + 1 :].all(), f"pixel {index} is not heard of everywhere"


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize(
    ("changes", "options"),
    [
        ({}, {"n": 3}),
        ({"levels": 5, "embedding": 0}, {"n": 9, "temperature": 1.7}),
        ({}, {"labels": torch.tensor([2, -1]), "chunk": 5}),
        ({}, {"start": pictures(1), "keep": pictures(1) < 128}),
    ],
)
def test_cached_sampling_equals_naive_sampling(changes, options):
    model = trained(**changes)
    options = {"n": 2, **options}
    cached, naive = (
        rebuild(model.stream(generator=torch.Generator().manual_seed(5), naive=way, **options), HEIGHT, WIDTH)
        for way in (False, True)
    )
    assert torch.equal(cached[0], naive[0])
    torch.testing.assert_close(cached[1], naive[1])
