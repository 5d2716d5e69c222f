"""What a model says of pictures: probabilities, bounds, codes and classes, whatever the family."""

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from gm_core.checkpoints import load
from gm_core.models.capabilities import (
    Bounded,
    Classifies,
    Density,
    Estimated,
    Inverts,
    Latent,
    Paced,
    Samples,
    Variational,
)
from tests.contract.readings import READS, readings
from tests.contract.tiny import able, classes, pictures
from tests.helpers import seeded, shipped

DRAWS = 200
"""Of a random figure, so that its mean is known."""

LABELLED = (Density, Bounded, Estimated)
"""Those that may be told the classes of the pictures."""


@pytest.fixture(autouse=True)
def without_gradients() -> Iterator[None]:
    with torch.no_grad():
        yield


def mean_and_error(values: Tensor) -> tuple[float, float]:
    """The mean of independent draws, and its standard error."""
    return float(values.double().mean()), float(values.double().std() / len(values) ** 0.5)


@able()
def test_save_and_load_give_the_same_numbers(model, tmp_path):
    shipped(model, "tiny", tmp_path)
    loaded = load("tiny", "cpu", tmp_path)
    assert type(loaded) is type(model) and loaded.config == model.config
    assert not loaded.training and not any(parameter.requires_grad for parameter in loaded.parameters())
    state = model.state_dict()
    assert all(torch.equal(value, state[name]) for name, value in loaded.state_dict().items())
    images = pictures(model.config)
    assert all(torch.equal(read(loaded, images), read(model, images)) for read in readings(model))
    if isinstance(model, Samples):
        assert torch.equal(loaded.sample(2, generator=seeded()), model.sample(2, generator=seeded()))


@able()
def test_images_of_the_wrong_type_or_shape_are_refused(model):
    images = pictures(model.config)
    channels = 4 - model.config.image.channels
    wrong = [images.float(), images.long(), images[0], images[:0], images[:, :1].expand(-1, channels, -1, -1)]
    if model.config.image.levels < 256:
        wrong.append(images + model.config.image.levels)
    assert readings(model)
    for read in readings(model):
        for bad in wrong:
            with pytest.raises(ValueError, match=r"images must be|pixel values must be"):
                read(model, bad)


@able()
def test_labels_of_the_wrong_type_shape_or_range_are_refused(model):
    if not model.config.classes:
        return  # labels mean nothing to it
    images, labels = pictures(model.config), classes(model.config)
    for capability in LABELLED:
        if isinstance(model, capability):
            (read,) = READS[capability]
            assert read(model, images, labels).shape == (4,)
            for bad in (
                labels[:3],
                labels[:, None],
                labels.float(),
                labels + model.config.classes,
                labels - 2,
                [0] * 4,
            ):
                with pytest.raises(ValueError, match="labels must be"):
                    read(model, images, bad)


@able(Density)
def test_log_prob_of_a_batch_is_that_of_its_pictures_one_by_one(model):
    images = pictures(model.config)
    for labels in (None, classes(model.config)):
        together = model.log_prob(images, labels)
        one_by_one = [
            model.log_prob(images[i : i + 1], None if labels is None else labels[i : i + 1]) for i in range(4)
        ]
        assert together.shape == (4,) and bool((together <= 0).all())
        assert torch.allclose(together, torch.cat(one_by_one), rtol=1e-5, atol=1e-3)


@able(Density)
def test_any_class_is_what_no_label_means(model):
    images = pictures(model.config)
    assert torch.equal(model.log_prob(images), model.log_prob(images, torch.full((4,), -1)))


@able(Bounded)
def test_a_bound_is_the_sum_of_its_terms(model):
    bound = model.bound(pictures(model.config), generator=seeded())
    assert len(bound.terms) > 1 and all(term.shape == (4,) for term in bound.terms.values())
    assert torch.allclose(bound.value, sum(bound.terms.values()), rtol=1e-6)
    again = model.bound(pictures(model.config), generator=seeded())
    assert torch.equal(bound.value, again.value)


@able(Bounded)
def test_the_bound_of_a_picture_does_not_depend_on_those_beside_it(model):
    """On average: the noise of a batch is not that of its pictures one by one."""
    first, other = pictures(model.config, 2).split(1)
    many = (DRAWS, 1, 1, 1)
    alone = model.bound(first.repeat(many), generator=seeded(1)).value
    beside = model.bound(torch.cat([first.repeat(many), other.repeat(many)]), generator=seeded(2)).value[:DRAWS]
    (mean, error), (mean_beside, error_beside) = mean_and_error(alone), mean_and_error(beside)
    assert abs(mean - mean_beside) <= 4 * (error + error_beside) + 1e-4 * abs(mean)


@able(Bounded)
def test_a_bound_is_at_most_what_it_bounds(model):
    first = pictures(model.config, 1)
    bound, error = mean_and_error(model.bound(first.repeat(DRAWS, 1, 1, 1), generator=seeded()).value)
    if isinstance(model, Density):
        assert bound <= float(model.log_prob(first)) + 4 * error
    # A density along a differential equation is another one than that of the steps that draw noise anew, and only that
    # of the best network is the same: see the tests of diffusion.
    if isinstance(model, Estimated) and not isinstance(model, Paced):
        estimate = model.estimate(first, samples=300, generator=seeded(1))
        assert bound <= float(estimate.value) + 4 * (error + float(estimate.error))


@able(Estimated)
def test_an_estimate_says_how_sure_it_is(model):
    estimate = model.estimate(pictures(model.config), samples=50, generator=seeded())
    assert estimate.value.shape == estimate.error.shape == (4,)
    assert bool((estimate.error >= 0).all()) and estimate.samples == 50 and estimate.kind
    single = model.estimate(pictures(model.config), samples=1, generator=seeded())
    assert single.value.isfinite().all() and bool(single.error.isposinf().all())  # one draw says nothing of it


@able(Variational)
def test_kl_is_a_term_of_the_bound(model):
    bound = model.bound(pictures(model.config), generator=seeded())
    assert bound.kl_per_dim.shape == (4, model.dimensions) and bool((bound.kl_per_dim >= 0).all())
    assert torch.allclose(bound.value, bound.reconstruction - bound.kl, rtol=1e-5)


@able(Latent)
def test_every_picture_has_a_code_and_every_code_a_picture(model):
    images, shape = pictures(model.config), model.config.image
    codes = model.code(images)
    assert codes.shape == (4, model.dimensions) and codes.dtype == torch.float32
    one_by_one = torch.cat([model.code(image) for image in images.split(1)])
    assert torch.allclose(codes, one_by_one, rtol=1e-4, atol=1e-5)
    rendered, expected = model.render(codes), model.expected(codes)
    assert rendered.shape == (4, *shape.size) and rendered.dtype == torch.uint8 and rendered.device.type == "cpu"
    assert expected.shape == (4, *shape.size) and expected.dtype == torch.float32 and bool(expected.isfinite().all())
    assert int(rendered.max()) < shape.levels
    assert float((rendered - expected.clamp(0, shape.levels - 1)).abs().max()) <= 1
    for bad in (codes[:, :-1], codes[0], codes + torch.nan):
        with pytest.raises(ValueError, match="z must"):
            model.render(bad)


@able(Latent, Inverts)
def test_what_is_turned_into_noise_comes_back(model):
    images = pictures(model.config)
    assert int((model.render(model.code(images)).int() - images.int()).abs().max()) <= 1


@able(Classifies)
def test_the_probabilities_of_the_classes_sum_to_1(model):
    images = pictures(model.config)
    probs = model.posterior(images).probs
    assert probs.shape == (4, model.config.classes) and bool((probs >= 0).all())
    assert torch.allclose(probs.sum(dim=1), torch.ones(4))
    one_by_one = torch.cat([model.posterior(image).probs for image in images.split(1)])
    assert torch.allclose(probs, one_by_one, rtol=1e-4)


@able(Density)
def test_bits_per_dim_are_nats_per_value(model):
    values = model.config.image.values
    nats = torch.tensor([-values * torch.log(torch.tensor(2.0))])
    assert float(model.bits_per_dim(nats)) == pytest.approx(1)
