"""Many pictures get the verdicts that each would get alone, in order, without being held in memory."""

import csv
import threading

import pytest
import torch
from PIL import Image

from gm_core import VAE, Detector, GatedPixelCNN, GatedPixelCNNConfig, PictureError, VAEConfig, prepare
from gm_core.cli.score import write_scores
from gm_core.data.preparation import AS_IT_IS
from gm_core.studies.detector.detector import scores_of
from gm_core.studies.detector.scores import SCORES
from gm_core.studies.detector.scoring import SCORE_KEYS, score_pictures


@pytest.fixture(scope="module")
def detector() -> Detector:
    """An untrained one of 28x28 pictures: it computes its numbers as a trained one does."""
    torch.manual_seed(0)
    pixelcnn, background = (GatedPixelCNN(GatedPixelCNNConfig(width=4, layers=1)).eval() for _ in range(2))
    vae = VAE(VAEConfig(width=4, latent=2, hidden=8)).eval()
    images = torch.stack([prepare(digit(i), AS_IT_IS).image[0] for i in range(40)])
    scores = scores_of((pixelcnn, background, vae), images)
    return Detector("mnist", pixelcnn, background, vae, scores.mean(0), torch.eye(len(SCORES)).double(), scores)


def digit(i: int) -> Image.Image:
    picture = Image.new("L", (28, 28))
    picture.paste(200 + i % 50, (8 + i % 7, 5, 12 + i % 7, 22))
    return picture


def named(n: int, bad: tuple[int, ...] = ()):
    for i in range(n):
        yield f"{i}.png", PictureError(f"{i}.png is torn") if i in bad else digit(i)


def test_results_come_in_order_and_are_the_detectors_own(detector):
    results = list(score_pictures(detector, named(7, bad=(0, 4)), alpha=0.3, batch=3))
    assert [result.path for result in results] == [f"{i}.png" for i in range(7)]
    assert [i for i, result in enumerate(results) if result.error] == [0, 4]
    for i, result in enumerate(results):
        if result.error:
            assert result.row() == dict.fromkeys(SCORE_KEYS) | {
                "path": f"{i}.png", "model": "mnist", "error": f"{i}.png is torn"
            }  # fmt: skip
            continue
        alone = detector.score(prepare(digit(i)).image, 0.3)[0]
        row = result.row()
        assert tuple(row) == SCORE_KEYS
        assert row["log_prob"] == pytest.approx(alone.log_prob, rel=1e-5)
        assert row["p_value"] == pytest.approx(alone.p_value, abs=2.5 / 41)  # of 40, one may change places
        assert row["verdict"] == ("reasonable" if row["p_value"] > 0.3 else "unreasonable")
        assert torch.equal(result.prepared.image, prepare(digit(i)).image)
    assert list(score_pictures(detector, named(0))) == []
    assert len(list(score_pictures(detector, named(3, bad=(0, 1, 2)), batch=2))) == 3


def test_no_more_is_read_than_a_batch_ahead(detector):
    read = 0

    def counted():
        nonlocal read
        for one in named(100):
            read += 1
            yield one

    results = score_pictures(detector, counted(), batch=4)
    for given in range(1, 9):
        next(results)
        assert read <= given + 4 + 4 + 2  # the current batch, the queue, and one item on each side of it
    results.close()
    assert not any(thread.name == "reading ahead" for thread in threading.enumerate())


def test_an_error_of_the_reader_arrives_after_what_was_read(detector):
    def failing():
        yield from named(2)
        raise OSError("the disk is gone")

    results = score_pictures(detector, failing(), batch=2)
    assert [next(results).path, next(results).path] == ["0.png", "1.png"]
    with pytest.raises(OSError, match="the disk is gone"):
        next(results)


def test_a_table_that_is_interrupted_is_whole_as_far_as_it_goes(detector, tmp_path):
    def interrupted():
        for i, result in enumerate(score_pictures(detector, named(9, bad=(1,)), batch=2)):
            if i == 5:
                rows = list(csv.DictReader((tmp_path / "t.csv").read_text().splitlines()))
                assert len(rows) == 5  # written as they come
                raise KeyboardInterrupt
            yield result

    with pytest.raises(KeyboardInterrupt):
        write_scores(interrupted(), csv_file=tmp_path / "t.csv")
    with (tmp_path / "t.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["path"] for row in rows] == [f"{i}.png" for i in range(5)]
    assert tuple(rows[0])[: len(SCORE_KEYS)] == SCORE_KEYS
    assert tuple(rows[0])[len(SCORE_KEYS) :] == tuple(f"score_{name}" for name in SCORES)
    assert rows[1]["error"] == "1.png is torn" and rows[1]["score_log_prob"] == ""
    assert float(rows[0]["score_log_prob"]) == float(rows[0]["log_prob"])


def test_people_get_a_line_each(detector, capsys):
    assert write_scores(score_pictures(detector, named(3, bad=(1,)))) is True
    captured = capsys.readouterr()
    assert [line.split()[-1] for line in captured.out.splitlines()] == ["0.png", "2.png"]
    assert captured.err == "error: 1.png: 1.png is torn\n"
