"""More weight on the label: the formula, its ends, and that every sampler draws by it."""

import pytest
import torch

from gm_core import GatedPixelCNN, GatedPixelCNNConfig, draw_noise, rebuild
from gm_core.models.autoregressive.sampling import guide
from tests.gm_core.models.autoregressive.small import HEIGHT, WIDTH, masked, residual, strided
from tests.helpers import flat

LABELS = torch.tensor([0, 1, 2])


def gated():
    torch.manual_seed(0)
    config = flat(GatedPixelCNNConfig, height=HEIGHT, width=WIDTH, classes=3, channels=8, layers=3, dilations=(1, 2))
    return GatedPixelCNN(config).eval().requires_grad_(False)


def loud(model):
    """Untrained, the labels hardly matter."""
    for module in model.modules():
        if isinstance(module, torch.nn.Embedding) and module.num_embeddings == model.config.classes + 1:
            module.weight.mul_(10)
    return model


def drawn(model, **options):
    noise = draw_noise(1, HEIGHT, WIDTH, torch.Generator().manual_seed(3), model.config.image.channels)
    return rebuild(model.stream(3, LABELS, noise=noise, **options), HEIGHT, WIDTH)


@pytest.mark.parametrize("weight", [0.0, 0.5, 2.0, 4.0])
def test_a_guided_distribution_is_the_formula(weight):
    given, unconditional = torch.randn(2, 5, 7, generator=torch.Generator().manual_seed(0)).log_softmax(-1)
    pairs = torch.stack([given, unconditional], dim=1).flatten(0, 1)
    expected = unconditional.exp() * (given - unconditional).exp() ** weight
    expected /= expected.sum(-1, keepdim=True)
    torch.testing.assert_close(guide(pairs, weight).exp(), expected)


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("small", [masked, gated, residual, strided])
def test_at_weight_0_the_label_says_nothing_and_at_1_it_is_p_given_the_label(small):
    model = loud(small())
    without = drawn(model, guidance=0.0)[0]
    assert torch.equal(without[0], without[1]) and torch.equal(without[1], without[2])
    plain, plain_log_prob = drawn(model)
    one, one_log_prob = drawn(model, guidance=1.0)
    assert torch.equal(plain, one) and torch.equal(plain_log_prob, one_log_prob)
    assert not torch.equal(plain, without)


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize(
    ("small", "changes"),
    [(masked, {}), (gated, {}), (residual, {}), (residual, {"palette": True}), (strided, {"channels": 3})],
)
def test_the_cached_sampler_guides_as_the_naive_one(small, changes):
    model = loud(small(**changes))
    cached, cached_log_prob = drawn(model, guidance=2.5, temperature=0.8)
    naive, naive_log_prob = drawn(model, guidance=2.5, temperature=0.8, naive=True)
    assert torch.equal(cached, naive)
    torch.testing.assert_close(cached_log_prob, naive_log_prob, rtol=1e-3, atol=1e-3)


def test_the_log_probabilities_are_those_of_the_guided_distribution():
    model = loud(residual())
    images, log_prob = drawn(model, guidance=3.0)
    unknown = torch.full_like(LABELS, -1)
    with_label, without = (model.distribution(images, labels).logits for labels in (LABELS, unknown))
    guided = (without + 3.0 * (with_label - without)).log_softmax(-1)
    expected = guided.gather(-1, images.long()[..., None])[..., 0]
    torch.testing.assert_close(log_prob, expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("weight", [-1.0, float("nan"), float("inf"), 11])
def test_a_weight_that_means_nothing_is_refused(weight):
    with pytest.raises(ValueError, match="guidance must be a number from 0 to 10"):
        masked().sample(guidance=weight)
