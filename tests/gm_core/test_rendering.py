"""Animations of drawings."""

import io

import numpy as np
import torch
from PIL import Image

from gm_core.rendering import animation, gif


def test_an_animation_goes_from_empty_to_the_picture_in_raster_order():
    image = torch.arange(12, dtype=torch.uint8).view(1, 1, 3, 4) * 10
    frames = [np.asarray(frame)[::2, ::2] for frame in animation(image, frames=6, zoom=2, background=(1, 2, 3))]
    assert len(frames) == 7
    for step, frame in enumerate(frames):
        drawn, flat = 2 * step, frame.reshape(12, 3)
        assert (flat[:drawn] == 10 * np.arange(drawn)[:, None]).all() and (flat[drawn:] == (1, 2, 3)).all()


def test_several_pictures_appear_side_by_side():
    images = torch.full((2, 1, 2, 2), 200, dtype=torch.uint8)
    frames = animation(images, frames=2, zoom=1, background=(1, 2, 3))
    half = np.asarray(frames[1])
    assert half.shape == (2, 6, 3)
    for left in (0, 4):
        assert (half[0, left : left + 2] == 200).all() and (half[1, left : left + 2] == (1, 2, 3)).all()


def test_an_animation_has_no_more_frames_than_pixels_and_makes_a_gif():
    frames = animation(torch.zeros(1, 3, 2, 2, dtype=torch.uint8), zoom=1)
    assert len(frames) == 5
    with Image.open(io.BytesIO(gif(frames))) as picture:
        assert picture.format == "GIF" and picture.size == (2, 2) and picture.n_frames == 5
