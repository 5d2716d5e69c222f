"""Pictures are decoded elsewhere, within bounds, and what one of them does there harms no other."""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

import gm_core
from gm_core import PictureError, open_picture
from gm_core.data import workers
from gm_core.data.workers import Bounds, Failure, Pool
from tests.gm_core.data.hostile_pictures import HOSTILE, SIDE, png, saved, small

SOUND = {
    "tiff_whose_tags_all_are_the_file", "tiff_whose_pages_go_round", "tiff_whose_folders_go_round",
    "exif_of_gigabytes", "exif_of_very_many_tags", "exif_in_png", "jpeg_of_comments", "jpeg_of_previews",
    "jpeg_of_filling", "gif_of_comments",
    "gif_of_many_comments", "gif_of_many_frames", "pgm_of_an_odd_maximum", "ppm_of_an_odd_maximum",
    "png_of_text", "png_of_a_profile", "png_of_many_frames", "webp_of_many_frames", "icon_of_text",
    "icon_of_very_many", "avif_of_odd_exif", "pgm_in_words",
}  # fmt: skip
"""Those whose pixels are few and sound, whatever else they hold."""


@pytest.fixture(scope="module", autouse=True)
def narrow():
    """Lower bounds, so that what is killed is killed soon."""
    before = workers.FULL
    workers.FULL = Pool(2, Bounds(seconds=0.5, memory=200 * 2**20))
    yield
    workers.FULL.close()
    workers.FULL = before


@pytest.fixture
def pool():
    made: list[Pool] = []

    def make(lanes: int = 1, **bounds) -> Pool:
        made.append(Pool(lanes, Bounds(**bounds)))
        return made[-1]

    yield make
    for one in made:
        one.close()


def slow() -> bytes:
    """Keeps a decoder busy for seconds."""
    return HOSTILE["jpeg_of_some_scans_of_many_pixels"]()


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_a_picture_or_one_line(name):
    data = HOSTILE[name]()
    try:
        picture = open_picture(data, "x")
    except PictureError as error:
        assert name not in SOUND, error
        assert str(error).startswith("x ") and len(str(error)) < 400 and str(error).isprintable()
        assert " at 0x" not in str(error)
    else:
        assert picture.mode in ("L", "RGB") and max(picture.size) < 2048


def test_what_takes_too_long_is_ended_and_the_next_is_read(pool):
    lane = pool(seconds=0.1)
    with pytest.raises(Failure, match="time"):
        lane.ask({}, slow())
    assert lane.ask({}, saved(small(), "PNG"))[0]["size"] == [64, 64]


def test_what_takes_too_long_by_the_clock_is_ended(pool):
    lane = pool(seconds=60, wall=0.3)
    with pytest.raises(Failure, match="time"):
        lane.ask({}, slow())
    lane.bounds = Bounds()  # the next process has to start first
    assert lane.ask({}, saved(small(), "PNG"))[0]["size"] == [64, 64]


def test_what_needs_too_much_memory_is_told_so(pool):
    lane = pool(seconds=20, memory=64 * 2**20)
    with pytest.raises(Failure, match="memory"):
        lane.ask({}, png(SIDE, SIDE, 8, 2, bytes(1 + 3 * SIDE)))
    assert lane.ask({}, saved(small(), "PNG"))[0]["size"] == [64, 64]


def test_what_is_not_wanted_any_more_is_ended(pool):
    lane = pool(seconds=60)
    with pytest.raises(Failure, match="left"):
        lane.ask({}, slow(), wanted=lambda: False)


def test_another_lane_is_free_meanwhile_and_a_full_house_is_told_so(pool):
    lanes = pool(2, seconds=60, wall=30, wait=0.3)
    for one in range(2):
        lanes.ask({}, saved(small(), "PNG"))
        left = threading.Event()
        thread = threading.Thread(target=lambda go=left: swallow(lanes, slow(), go))
        thread.start()
        until = time.monotonic() + 10
        while len(lanes._busy) <= one and time.monotonic() < until:
            time.sleep(0.01)
        for worker in lanes._busy:  # so that they stay busy on a fast machine too
            os.killpg(worker.process.pid, signal.SIGSTOP)
        if one == 0:
            first, first_left = thread, left
    with pytest.raises(Failure, match="busy"):
        lanes.ask({}, saved(small(), "PNG"))
    first_left.set(), left.set()
    first.join(), thread.join()


def swallow(lanes: Pool, data: bytes, left: threading.Event) -> None:
    with suppress(Failure):
        lanes.ask({}, data, wanted=lambda: not left.is_set())


def test_a_process_that_the_system_ended_is_replaced(pool):
    lane = pool()
    lane.ask({}, saved(small(), "PNG"))
    (worker,) = lane._idle
    os.killpg(worker.process.pid, signal.SIGKILL)
    worker.process.wait()
    assert lane.ask({}, saved(small(), "PNG"))[0]["mode"] == "L"


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"mode": "L", "size": [10**9, 10**9], "range": None},
        {"mode": "RGBA", "size": [1, 1], "range": None},
        {"mode": "L", "size": "x", "range": None},
        {"mode": "L", "size": [1, 1], "range": "x"},
        [],
    ],
)
def test_an_odd_answer_is_not_believed(answer):
    with pytest.raises(Failure, match="crash"):
        workers._check(answer, b"\0")


def test_many_threads_read_at_once():
    pictures = [np.full((20, 20), grey, np.uint8) for grey in range(24)]
    found: list[int | None] = [None] * len(pictures)

    def read(place: int) -> None:
        from PIL import Image

        found[place] = int(np.asarray(open_picture(saved(Image.fromarray(pictures[place]), "PNG")))[0, 0])

    threads = [threading.Thread(target=read, args=(place,)) for place in range(len(pictures))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == list(range(24))


def test_no_process_outlives_its_user_nor_loads_its_program(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "print('loaded')\n"
        "import io, gm_core\nfrom gm_core.data import workers\nfrom PIL import Image\n"
        "b = io.BytesIO(); Image.new('L', (9, 9)).save(b, 'PNG')\n"
        "gm_core.open_picture(b.getvalue())\n"
        "print(workers.QUICK._idle[0].process.pid)\n"
    )
    root = str(Path(gm_core.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": root},
    )
    loaded, number = done.stdout.split()
    assert loaded == "loaded"
    until = time.monotonic() + 10
    with pytest.raises(ProcessLookupError):
        while time.monotonic() < until:  # the system takes a moment to forget it
            os.killpg(int(number), 0)
            time.sleep(0.01)


def test_the_decoder_starts_without_torch():
    start = workers._START.replace("main()", "print('torch' in sys.modules)")
    done = subprocess.run(
        [sys.executable, "-P", "-c", start, workers._CORE], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
