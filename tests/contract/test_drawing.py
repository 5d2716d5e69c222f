"""How pictures are drawn, whatever the family: seeds, steps, and the way back to noise."""

import math

import pytest
import torch

from gm_core.models.capabilities import Edits, FromNoise, Inverts, Paced, Samples, Streams
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
def test_a_picture_becomes_noise_in_frames_and_the_noise_becomes_the_picture(model):
    images = pictures(model.config, 3)
    frames = list(model.to_noise(images, generator=seeded()))
    check_frames(frames, model, 3)
    again = list(model.to_noise(images, generator=seeded()))
    assert all(torch.equal(one.images, other.images) for one, other in zip(frames, again, strict=True))
    assert not torch.equal(frames[-1].images, images)
    noise = frames[-1].noise
    assert noise.shape == images.shape and noise.dtype == torch.float32 and noise.device.type == "cpu"
    back = list(model.to_picture(noise))
    check_frames(back, model, 3)
    torch.testing.assert_close(back[0].noise, noise)
    assert int((back[-1].images.int() - images.int()).abs().max()) <= 1


@able(Inverts)
def test_what_the_steps_to_noise_add_is_the_figure_that_the_model_gives(model):
    images = pictures(model.config, 3)
    frames = list(model.to_noise(images, generator=seeded(), terms=True))
    check_frames(frames, model, 3)
    assert all(frame.terms for frame in frames)
    if isinstance(model, Paced):
        expected = model.estimate(images, generator=seeded(), steps=frames[0].total - 1).value
    else:
        expected = model.bound(images, generator=seeded()).value
    added = torch.stack([term for frame in frames for term in frame.terms.values()])
    torch.testing.assert_close(added.sum(dim=0), expected, rtol=1e-4, atol=1e-2)


@able(Inverts)
def test_noise_of_the_wrong_type_or_shape_leads_to_no_picture(model):
    noise = torch.zeros(2, *model.config.image.size)
    for bad in (noise[0], noise[:0], noise[:, :, 1:], noise + math.nan, noise.tolist()):
        with pytest.raises(ValueError, match=r"noise must|z must"):
            model.to_picture(bad)


@able(Inverts, FromNoise)
def test_a_stream_begins_with_the_noise_that_leads_to_its_picture(model):
    """But for the solver, which may take fewer steps there."""
    first = next(iter(model.stream(2, generator=seeded())))
    again = next(iter(model.to_picture(first.noise)))
    torch.testing.assert_close(again.noise, first.noise)
    assert torch.equal(again.images, first.images)


@able(Edits)
def test_a_picture_without_noise_over_it_comes_back_and_all_noise_is_an_ordinary_draw(model):
    images, labels = pictures(model.config, 2), classes(model.config, 2)
    *_, same = model.redraw(images, strength=0, generator=seeded())
    assert torch.equal(same.images, images)
    *_, new = model.redraw(images, labels, strength=1, generator=seeded())
    assert torch.equal(new.images, model.sample(2, labels, generator=seeded()))
    frames = list(model.redraw(images, labels, strength=0.5, generator=seeded(), steps=3))
    check_frames(frames, model, 2)
    *_, again = model.redraw(images, labels, strength=0.5, generator=seeded(), steps=3)
    assert torch.equal(frames[-1].images, again.images)
    *_, other = model.redraw(images, labels, strength=0.5, generator=seeded(1), steps=3)
    assert not torch.equal(other.images, again.images)


@able(Edits)
def test_next_to_no_noise_leaves_the_picture_by_every_sampler(model):
    images = pictures(model.config, 2)
    for sampler in model.methods:
        for strength in (1e-18, 1e-16):
            *_, last = model.redraw(images, strength=strength, generator=seeded(), sampler=sampler)
            assert int((last.images.int() - images.int()).abs().max()) <= 1, (sampler, strength)


@able(Edits)
def test_less_noise_leaves_more_of_the_picture(model):
    images = pictures(model.config)
    first = [next(iter(model.redraw(images, strength=share, generator=seeded()))) for share in (0.01, 0.1, 0.5, 1)]
    far = [float((frame.images.float() - images).square().mean()) for frame in first]
    assert far == sorted(far) and [frame.time for frame in first] == pytest.approx([0.99, 0.9, 0.5, 0], abs=0.02)


@able(Edits)
@pytest.mark.parametrize("repeats", [1, 3])
def test_what_is_kept_is_in_the_finished_picture_exactly(model, repeats):
    images, labels = pictures(model.config, 2), classes(model.config, 2)
    keep = torch.rand(2, 1, *images.shape[2:], generator=seeded()) < 0.5
    for sampler in model.methods:
        options = {"generator": seeded(), "steps": 3, "repeats": repeats, "sampler": sampler}
        frames = list(model.complete(images, keep, labels, **options))
        check_frames(frames, model, 2)
        made = frames[-1].images
        assert torch.equal(torch.where(keep, made, 0), torch.where(keep, images, 0))
        assert not torch.equal(made, images)
        *_, again = model.complete(images, keep, labels, **options | {"generator": seeded()})
        assert torch.equal(again.images, made)


@able(Edits)
def test_with_nothing_kept_it_is_an_ordinary_draw_and_with_all_the_picture(model):
    images, labels = pictures(model.config, 2), classes(model.config, 2)
    all_of_it = torch.ones(2, 1, *images.shape[2:], dtype=torch.bool)
    *_, last = model.complete(images, ~all_of_it, labels, generator=seeded(), repeats=2)
    assert torch.equal(last.images, model.sample(2, labels, generator=seeded()))
    *_, last = model.complete(images, all_of_it, labels, generator=seeded())
    assert torch.equal(last.images, images)


@able(Edits)
def test_an_edit_that_makes_no_sense_is_refused(model):
    images, keep = pictures(model.config, 2), torch.ones(2, 1, *model.config.image.size[1:], dtype=torch.bool)
    for strength in (-0.1, 1.1, math.nan):
        with pytest.raises(ValueError, match="strength must be a number from 0 to 1"):
            model.redraw(images, strength=strength)
    for bad in (keep[:1], keep.float(), keep[:, 0], keep.tolist()):
        with pytest.raises(ValueError, match="keep must be bool"):
            model.complete(images, bad)
    for options in (
        {"repeats": 0},
        {"repeats": 101},
        {"repeats": 1.0},
        {"steps": 0},
        {"sampler": "x"},
        {"guidance": 11},
    ):
        with pytest.raises(ValueError, match=f"{next(iter(options))} must be"):
            model.complete(images, keep, **options)


def check_frames(frames, model, n):
    total = frames[0].total
    assert [frame.index for frame in frames] == list(range(total))
    assert {frame.total for frame in frames} == {total}
    for frame in frames:
        assert frame.images.shape == (n, *model.config.image.size) and frame.images.dtype == torch.uint8
        assert frame.images.device.type == "cpu" and int(frame.images.max()) < model.config.image.levels
