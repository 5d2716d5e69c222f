"""How pictures are drawn, whatever the family: seeds, steps, and the way back to noise."""

import math

import pytest
import torch

from gm_core.models.capabilities import FromNoise, Inverts, Samples, Streams
from tests.contract.tiny import able, classes, pictures
from tests.helpers import seeded


@able(Samples)
def test_the_same_seed_gives_the_same_picture(model):
    shape = model.config.image
    images = model.sample(3, generator=seeded())
    assert images.shape == (3, *shape.size) and images.dtype == torch.uint8 and images.device.type == "cpu"
    assert int(images.max()) < shape.levels
    torch.manual_seed(99)  # nothing but the generator counts
    assert torch.equal(images, model.sample(3, generator=seeded()))
    others = [model.sample(3, generator=seeded(seed)) for seed in range(1, 5)]
    assert not all(torch.equal(images, other) for other in others)


@able(Samples)
def test_the_first_picture_of_n_is_the_picture_of_1(model):
    assert torch.equal(model.sample(3, generator=seeded())[:1], model.sample(1, generator=seeded()))


@able(Samples)
def test_a_request_that_makes_no_sense_is_refused(model):
    with pytest.raises(ValueError, match="number of pictures must be at least 1"):
        model.sample(0)
    for temperature in (math.nan, 0.0, -1.0, math.inf):
        with pytest.raises(ValueError, match="temperature must be"):
            model.sample(1, temperature=temperature)


@able(Samples)
def test_labels_of_the_wrong_type_shape_or_range_are_refused(model):
    if not model.config.classes:
        return  # labels mean nothing to it
    labels = classes(model.config, 2)
    assert len(model.sample(2, labels, generator=seeded())) == 2
    for bad in (labels[:1], labels.float(), labels + model.config.classes, [0, 0]):
        with pytest.raises(ValueError, match="labels must be"):
            model.sample(2, bad)
        if isinstance(model, Streams):
            with pytest.raises(ValueError, match="labels must be"):
                next(iter(model.stream(2, bad)))


@able(Streams)
def test_a_streams_last_frame_is_the_picture_that_sample_gives(model):
    assert isinstance(model, Samples)
    for labels in (None, classes(model.config, 2)):
        frames = list(model.stream(2, labels, generator=seeded()))
        assert torch.equal(frames[-1].images, model.sample(2, labels, generator=seeded()))


@able(Streams)
def test_the_frames_of_a_stream_are_counted_from_0_to_their_total(model):
    check_frames(list(model.stream(2, generator=seeded())), model, 2)


@able(FromNoise)
def test_given_noise_makes_the_same_pictures_whatever_lies_beside_it(model):
    noise = torch.randn(2, *model.config.image.size, generator=seeded())
    frames = list(model.from_noise(noise))
    check_frames(frames, model, 2)
    for one, other in zip(frames, model.from_noise(noise[1:]), strict=True):
        assert torch.equal(one.images[1:], other.images)
    assert not torch.equal(frames[0].images[0], frames[0].images[1])


@able(FromNoise)
def test_each_number_of_given_noise_is_of_one_place_of_the_picture(model):
    noise = torch.zeros(1, *model.config.image.size)
    first = next(iter(model.from_noise(noise))).images
    for place in ((0, 0, 0), (0, 1, 2), (0, 2, 1), (0, 5, 3), (0, 7, 7)):
        changed = noise.clone()
        changed[0][place] = 2.0
        there = next(iter(model.from_noise(changed))).images != first
        assert there.nonzero().tolist() == [[0, *place]]


@able(FromNoise)
def test_noise_of_the_wrong_shape_or_type_is_refused(model):
    channels, height, width = model.config.image.size
    good = torch.zeros(1, channels, height, width)
    for bad in (good[0], good.view(1, 1, -1, 1), good[:0], good.numpy(), torch.full_like(good, math.nan)):
        with pytest.raises(ValueError, match=r"noise must have shape|z must be"):
            next(iter(model.from_noise(bad)))


@able(Inverts)
def test_the_way_back_to_noise_has_frames_too(model):
    images = pictures(model.config, 3)
    frames = list(model.to_noise(images, generator=seeded()))
    check_frames(frames, model, 3)
    again = list(model.to_noise(images, generator=seeded()))
    assert all(torch.equal(one.images, other.images) for one, other in zip(frames, again, strict=True))
    assert not torch.equal(frames[-1].images, images)


def check_frames(frames, model, n):
    total = frames[0].total
    assert [frame.index for frame in frames] == list(range(total))
    assert {frame.total for frame in frames} == {total}
    for frame in frames:
        assert frame.images.shape == (n, *model.config.image.size) and frame.images.dtype == torch.uint8
        assert frame.images.device.type == "cpu" and int(frame.images.max()) < model.config.image.levels
