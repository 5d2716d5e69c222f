"""Figures and pictures do not hang on torch's global settings, on how arrays lie in memory, or on a model's mode."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from gm_core.checkpoints import load
from gm_core.models import Batch, Model
from gm_core.models.capabilities import Density, Inverts, Latent, Samples, Streams, Variational
from tests.contract.readings import readings
from tests.contract.settings import SETTINGS
from tests.contract.tiny import able, classes, pictures
from tests.helpers import seeded, shipped


def said(model: Model, images: Tensor) -> list[Tensor]:
    """What can be asked about pictures."""
    return [read(model, images) for read in readings(model)]


def answers(model: Model, images: Tensor) -> list[Tensor]:
    """The same, and a picture drawn step by step where that can be."""
    found = said(model, images)
    if isinstance(model, Streams):
        found.append([frame.images for frame in model.stream(1, generator=seeded())][-1])
    elif isinstance(model, Samples):
        found.append(model.sample(1, generator=seeded()))
    return found


def check_same(found: list[Tensor], expected: list[Tensor], what: str) -> None:
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == other.dtype and one.device == other.device, what
        assert torch.equal(one, other), what


@able()
def test_every_answer_is_the_same_under_every_setting(model):
    images, labels = pictures(model.config, 2), classes(model.config, 2)
    expected, loss = answers(model, images), model.losses(Batch(images, labels), seeded())["model"].figure
    for name, setting in SETTINGS.items():
        with setting():
            check_same(answers(model, images), expected, name)
            found = model.losses(Batch(images, labels), seeded())["model"].figure
            # Training itself is under autocast, for which its losses are near, and no more.
            assert found == loss or (name == "autocast" and math.isclose(found, loss, rel_tol=0.05)), name


@able()
def test_a_model_made_and_loaded_under_a_setting_is_the_same(model, tmp_path):
    shipped(model, "tiny", tmp_path)
    torch.manual_seed(3)
    fresh = type(model)(model.config)
    for number, (name, setting) in enumerate(SETTINGS.items()):
        directory = tmp_path / str(number)  # so that it is loaded anew
        directory.symlink_to(tmp_path)
        torch.manual_seed(3)
        with setting():
            made, loaded = type(model)(model.config), load("tiny", "cpu", directory)
        for one, other in ((made, fresh), (loaded, model)):
            assert not any(parameter.is_inference() for parameter in one.parameters()), name
            check_same([*one.state_dict().values()], [*other.state_dict().values()], name)
            check_same([*one.buffers()], [*other.buffers()], name)


@able()
def test_how_pictures_lie_in_memory_changes_nothing(model):
    images = pictures(model.config, 2)
    expected = said(model, images)
    layouts = {
        "channels last": images.to(memory_format=torch.channels_last),
        "transposed": images.mT.contiguous().mT,
        "every other picture": images.repeat_interleave(2, dim=0)[::2],
        "part of a larger picture": torch.nn.functional.pad(images, (3, 2, 1, 4))[..., 1:9, 3:11],
        "columns first in numpy": torch.from_numpy(np.asfortranarray(images.numpy())),
    }
    for name, laid in layouts.items():
        assert torch.equal(laid, images)
        check_same(said(model, laid), expected, name)
    repeated = images[:1].expand(2, -1, -1, -1)
    check_same(said(model, repeated), said(model, repeated.contiguous()), "expanded")


@able()
def test_a_model_left_in_training_mode_answers_as_it_should(model):
    images = pictures(model.config, 2)
    expected = answers(model, images)
    check_same(answers(model.train(), images), expected, "training mode")


@able()
def test_weights_in_another_layout_say_the_same(model):
    images = pictures(model.config, 2)
    expected = answers(model, images)
    found = answers(model.to(memory_format=torch.channels_last), images)
    assert all(
        torch.allclose(one.float(), other.float(), rtol=1e-4, atol=1e-3)
        for one, other in zip(found, expected, strict=True)
    )


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16], ids=str)
@able()
def test_converted_weights_are_refused(model, dtype):
    images = pictures(model.config, 2)
    model.to(dtype)
    for read in readings(model):
        with pytest.raises(ValueError, match=r"weights are \w+, and its figures hold for float32.*model\.float\(\)"):
            read(model, images)
    if isinstance(model, Samples):
        with pytest.raises(ValueError, match="its figures hold for float32"):
            model.sample(1)
    if isinstance(model, Streams):
        with pytest.raises(ValueError, match="its figures hold for float32"):
            next(iter(model.stream(1)))


@able()
def test_weights_without_values_are_refused(model):
    images = pictures(model.config, 2)
    model.to("meta")
    for read in readings(model):
        with pytest.raises(ValueError, match="hold no values"):
            read(model, images)


@able()
def test_a_loaded_model_that_was_converted_is_loaded_anew(model, tmp_path):
    shipped(model, "tiny", tmp_path)
    first = load("tiny", "cpu", tmp_path)
    assert load("tiny", "cpu", tmp_path) is first
    for convert in (torch.nn.Module.half, torch.nn.Module.double, lambda some: some.to("meta")):
        convert(load("tiny", "cpu", tmp_path))
        check_same([*load("tiny", "cpu", tmp_path).parameters()], [*model.parameters()], str(convert))


@able(Density)
def test_labels_of_any_integers_mean_the_same(model):
    if not model.config.classes:
        return  # labels mean nothing to it
    images, labels = pictures(model.config, 2), classes(model.config, 2)
    expected = model.log_prob(images, labels)
    for dtype in (torch.int8, torch.uint8, torch.int16, torch.uint16, torch.int32, torch.uint32):
        assert torch.equal(model.log_prob(images, labels.to(dtype)), expected)
    for bad in (labels.bool(), labels.to(torch.complex64), labels.to("meta"), labels.numpy(), labels.tolist()):
        with pytest.raises(ValueError, match="labels must be"):
            model.log_prob(images, bad)


@able(Latent)
def test_codes_of_any_floats_mean_the_same(model):
    codes = model.code(pictures(model.config, 2)).detach().half().float()
    expected = model.render(codes)
    for other in (codes.double(), codes.half(), codes.mT.contiguous().mT):
        assert torch.equal(model.render(other), expected)
    for bad in (codes.numpy(), codes.to(torch.complex64), codes.to("meta"), codes.tolist()):
        with pytest.raises(ValueError, match="z must be a tensor"):
            model.render(bad)


@able()
def test_pictures_of_another_element_type_are_refused(model):
    images = pictures(model.config, 2)
    for bad in (
        *(images.to(dtype) for dtype in (torch.int8, torch.int16, torch.int64, torch.bool, torch.float16)),
        images.double() / 255,
        images.to("meta"),
        images.numpy().astype(">i4"),
        images.tolist(),
    ):
        for read in readings(model):
            with pytest.raises(ValueError, match="images must be uint8"):
                read(model, bad)
        if isinstance(model, Variational):
            with pytest.raises(ValueError, match="images must be uint8"):
                model.log_likelihood(bad, model.encode(images).mean[None])


@able(Samples)
def test_a_generator_that_is_none_of_torchs_is_refused(model):
    for bad in (0, np.random.default_rng(0)):
        with pytest.raises(ValueError, match=r"generator must be a torch\.Generator on the CPU"):
            model.sample(1, generator=bad)
        if isinstance(model, Inverts):
            with pytest.raises(ValueError, match="generator must be"):
                list(model.to_noise(pictures(model.config, 1), generator=bad))
