"""The player's animation as a file: what it holds, and what is refused."""

import base64
import io

import pytest
from PIL import Image

from demo.base.errors import InputError
from demo.noise.recording import MOST_FRAMES, Recordings
from tests.demo.noise.helpers import DIFFUSION


@pytest.fixture(scope="module")
def recordings(tab) -> Recordings:
    return Recordings(tab.drawings.cards)


def frame(recordings: Recordings, level: int, pictures: int = 1) -> str:
    channels, height, width = recordings.cards[DIFFUSION].model_config.image.size
    return base64.b64encode(bytes([level]) * (pictures * channels * height * width)).decode()


@pytest.mark.parametrize("pictures", [1, 4, 16])
def test_an_animation_holds_the_frames_that_were_sent(recordings, pictures) -> None:
    levels = [0, 90, 200]
    sent = {"model": DIFFUSION, "frames": [frame(recordings, level, pictures) for level in levels]}
    content = base64.b64decode(recordings.record(sent)["gif"])
    with Image.open(io.BytesIO(content)) as found:
        assert found.n_frames == len(levels)
        for place, level in enumerate(levels):
            found.seek(place)
            assert abs(found.convert("L").getpixel((3, 3)) - level) <= 2


def test_what_is_not_an_animation_is_refused(recordings) -> None:
    good = frame(recordings, 7)
    for model in (None, 3, [], "none", {}):
        with pytest.raises(InputError, match="model must be one of"):
            recordings.record({"model": model, "frames": [good]})
    for frames in (None, "x", {}, [], [good] * (MOST_FRAMES + 1)):
        with pytest.raises(InputError, match="1 to 61 frames"):
            recordings.record({"model": DIFFUSION, "frames": frames})
    two = frame(recordings, 7, 2)
    for frames in ([None], ["#"], [""], ["AA=="], [two], [good, two], [good, frame(recordings, 7, 4)], [[good]]):
        with pytest.raises(InputError, match="A frame must be"):
            recordings.record({"model": DIFFUSION, "frames": frames})
