"""Stretches of the contrast: which levels they leave, and a density that finds out which one a picture had."""

import math

import pytest
import torch
from PIL import Image, ImageOps

from gm_core import ResidualPixelCNN, ResidualPixelCNNConfig, rebuild
from gm_core.models.autoregressive.stretch import OUTLIER, Stretch, stretched_levels
from tests.helpers import flat

HEIGHT, WIDTH = 7, 8
SIZE = {"height": HEIGHT, "width": WIDTH, "classes": 3, "vertical": 8, "horizontal": 12, "kernel_size": 3, "blocks": 1}


def small(**changes) -> ResidualPixelCNN:
    torch.manual_seed(0)
    model = ResidualPixelCNN(flat(ResidualPixelCNNConfig, **{**SIZE, "stretch": True, **changes}))
    return model.eval().requires_grad_(False)


def stretched(brightest, n=2, seed=2) -> torch.Tensor:
    """Pictures of a brightest level, made the brightest there is."""
    generator = torch.Generator().manual_seed(seed)
    levels = torch.randint(brightest + 1, (n, 1, HEIGHT, WIDTH), generator=generator)
    return (levels * (255.0 / brightest)).to(torch.uint8)


def test_they_are_those_of_the_imaging_library():
    sets = stretched_levels(256)
    for brightest in range(1, 255):
        ramp = Image.frombytes("L", (brightest + 1, 1), bytes(range(brightest + 1)))
        made = set(ImageOps.autocontrast(ramp).tobytes())
        assert set(sets[brightest - 1].nonzero().flatten().tolist()) == made
    assert sets[-1].all()


@pytest.mark.parametrize("levels", [2, 5])
def test_of_few_levels_too(levels):
    sets = stretched_levels(levels)
    assert sets.shape == (levels - 1, levels)
    assert sets[:, 0].all()
    assert sets[-1].all()


def test_nothing_is_said_of_the_future_and_probabilities_sum_to_1():
    model, image = small(), stretched(90, 1)
    before = model.distribution(image).logits
    assert torch.logsumexp(before.double(), dim=-1).abs().max() < 1e-5
    for index in range(HEIGHT * WIDTH):
        other = image.clone()
        other.view(-1)[index] ^= 1
        changed = (model.distribution(other).logits - before).abs().amax(dim=-1).flatten() > 1e-6
        assert not changed[: index + 1].any(), f"pixel {index} changes the past"


def test_the_two_ways_to_the_probability_of_a_picture_agree():
    model, images = small(), torch.cat([stretched(90), stretched(255)])
    torch.testing.assert_close(model.log_prob(images), model.pixel_log_prob(images).sum(dim=(1, 2, 3)))


def test_it_is_the_mixture_over_all_stretches():
    """By Bayes' rule from each stretch on its own, which is another order of summing."""
    model, image = small(levels=5), torch.tensor([0, 2, 4, 0, 1, 4, 2]).to(torch.uint8).view(1, 1, 1, 7)
    network = small(levels=5, stretch=False)
    network.load_state_dict({k: v for k, v in model.state_dict().items() if not k.startswith("stretch")})
    model.stretch.prior.copy_(torch.tensor([0.3, -1.0, 0.5, 2.0]))
    p = network.distribution(image).probs.view(7, 5).double()
    total = 0.0
    for prior, allowed in zip(model.stretch.prior.softmax(dim=0), stretched_levels(5), strict=True):
        cut = p * allowed / (p * allowed).sum(dim=-1, keepdim=True)
        mixed = (1 - OUTLIER) * cut + OUTLIER * p
        total += float(prior) * float(mixed.gather(1, image.view(7, 1).long()).prod())
    assert float(model.log_prob(image)) == pytest.approx(math.log(total), abs=1e-4)


def test_a_stretched_picture_costs_less_and_any_other_hardly_more():
    model, network = small(), small(stretch=False)
    saved = model.log_prob(stretched(90)) - network.log_prob(stretched(90))
    assert (saved > HEIGHT * WIDTH / 2 * math.log(255 / 90)).all()
    other = stretched(255)
    assert (model.log_prob(other) - network.log_prob(other) > -math.log(256) - 0.1).all()


def test_a_single_level_out_of_place_is_no_catastrophe():
    model, image = small(), stretched(90, 1)
    wrong = image.clone()
    wrong[0, 0, -1, -1] = int((~stretched_levels(256)[89]).nonzero()[0])
    lost = float(model.log_prob(image) - model.log_prob(wrong))
    assert 0 < lost < -math.log(OUTLIER) + 5


def test_training_finds_the_prior():
    torch.manual_seed(0)
    stretch = Stretch(256)
    optimizer = torch.optim.Adam(stretch.parameters(), lr=0.3)
    logits, values = torch.zeros(4, HEIGHT, WIDTH, 256), torch.cat([stretched(90, 3), stretched(255, 1)])[:, 0].long()
    for _ in range(60):
        optimizer.zero_grad()
        (-stretch.log_prob(logits, values).mean()).backward()
        optimizer.step()
    prior = stretch.prior.detach().softmax(dim=0)
    assert prior[89] == pytest.approx(0.75, abs=0.05)
    assert prior[199:].sum() == pytest.approx(0.25, abs=0.05)  # which of those, 56 pixels do not tell


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize(
    "options",
    [
        {"n": 3},
        {"n": 9, "temperature": 1.7},
        {"labels": torch.tensor([2, -1]), "chunk": 5},
        {"start": stretched(90, 1), "keep": torch.arange(HEIGHT * WIDTH).view(1, 1, HEIGHT, WIDTH) < 30},
    ],
)
def test_cached_sampling_equals_naive_sampling(options):
    model = small(palette=True)
    options = {"n": 2, **options}
    cached, naive = (
        rebuild(model.stream(generator=torch.Generator().manual_seed(5), naive=way, **options), HEIGHT, WIDTH)
        for way in (False, True)
    )
    assert torch.equal(cached[0], naive[0])
    torch.testing.assert_close(cached[1], naive[1], rtol=1e-4, atol=1e-4)


def test_what_is_drawn_keeps_to_one_stretch():
    model = small()
    model.stretch.prior[:] = -100.0
    model.stretch.prior[89] = 0.0
    drawn = model.sample(8, generator=torch.Generator().manual_seed(1))
    assert stretched_levels(256)[89][drawn.long()].float().mean() > 0.99
