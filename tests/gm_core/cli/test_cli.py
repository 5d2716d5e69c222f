"""The command line says what Python says, in the form that was promised."""

import csv
import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

import gm_core
from gm_core import checkpoints
from gm_core.benchmarks import latency
from gm_core.benchmarks import sampling as bench
from gm_core.benchmarks import training as training_bench
from gm_core.cli.commands import main
from gm_core.data.datasets import load_dataset
from gm_core.evaluation import bound
from gm_core.models import ImageShape
from gm_core.rendering import grid
from gm_core.studies.bayes import study as bayes_study
from gm_core.studies.detector.scoring import SCORE_KEYS
from gm_core.training import recipes
from gm_core.training.recipes import Recipe
from tests.helpers import shipped


def read(path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture)


@pytest.fixture
def cli(monkeypatch, capsys):
    """Run the command line: exit status, standard output, standard error."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["gm_core", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
            sys.exit(0)
        captured = capsys.readouterr()
        return ended.value.code or 0, captured.out, captured.err

    return run


@pytest.fixture
def digits(tmp_path):
    """Two digits drawn by the model, as files, and the pictures themselves."""
    images = gm_core.load("mnist-pixelcnn", "cpu").sample(2, generator=torch.Generator().manual_seed(3))
    for name, image in zip(("a.png", "b.png"), images, strict=True):
        Image.fromarray(image[0].numpy()).save(tmp_path / name)
    return tmp_path, images


def test_list_names_every_checkpoint(cli):
    code, out, _ = cli("list", "--json")
    assert code == 0
    cards = json.loads(out)
    assert [card["name"] for card in cards] == [card.name for card in gm_core.available()]
    assert {"family", "config", "dataset", "split", "recipe", "cost", "metrics", "sha256"} <= set(cards[0])
    code, out, _ = cli("list")
    assert [line.split()[0] for line in out.splitlines()] == [card["name"] for card in cards]


def test_sample_writes_what_python_draws(cli, tmp_path):
    code, _, _ = cli("sample", "mnist-pixelcnn", "-n", 2, "--label", 7, "--seed", 5, "--temperature", 0.9,
                     "--out", tmp_path / "grid.png", "--gif", tmp_path / "film.gif", "--device", "cpu")  # fmt: skip
    assert code == 0
    model = gm_core.load("mnist-pixelcnn", "cpu")
    images = model.sample(2, torch.tensor([7, 7]), torch.Generator().manual_seed(5), 0.9)
    assert np.array_equal(read(tmp_path / "grid.png"), np.asarray(grid(images)))
    with Image.open(tmp_path / "film.gif") as film:
        assert film.n_frames > 10
        film.seek(film.n_frames - 1)
        assert np.abs(np.asarray(film.convert("L")).astype(int) - np.asarray(grid(images))).max() <= 8
    code, _, _ = cli("sample", "mnist-vae", "-n", 3, "--seed", 5, "--out", tmp_path / "vae.png", "--device", "cpu")
    assert code == 0
    images = gm_core.load("mnist-vae", "cpu").sample(3, generator=torch.Generator().manual_seed(5))
    assert np.array_equal(read(tmp_path / "vae.png"), np.asarray(grid(images)))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sample", "mnist-pixelcnn", "--temperature", "0"], "temperature must be"),
        (["sample", "mnist-pixelcnn", "--temperature", "nan"], "temperature must be"),
        (["sample", "mnist-pixelcnn", "--seed", "x"], "seed"),
        (["sample", "mnist-pixelcnn", "--label", "10"], "from 0 to 9"),
        (["sample", "mnist-pixelcnn", "-n", "0"], "-n"),
        (["sample", "mnist-vae", "--label", "1"], "knows no classes"),
        (["score", "x.png", "--alpha", "2"], "between 0 and 1"),
        (["score"], "PATH"),
        (["train", "nothing"], "there is no recipe"),
        (["paint"], "paint"),
        (["bench", "patience"], "there are: sampling, latency, training"),
        (["bench", "latency", "--model", "mnist-pixelcnn"], "has no latent space"),
        (["bench", "sampling", "--model", "mnist-vae"], "does not draw pixel by pixel"),
    ],
)
def test_usage_errors_exit_with_2(cli, arguments, message):
    code, out, err = cli(*arguments)
    assert code == 2
    assert message.lower() in " ".join(err.replace("│", " ").split()).lower()
    assert not out


@pytest.mark.parametrize(
    "arguments", [["sample", "mnist-oracle"], ["score", "x.png", "--model", "cats"], ["evaluate", "mnist-oracle"]]
)
def test_what_is_not_there_is_one_line_and_exit_1(cli, arguments):
    code, out, err = cli(*arguments)
    assert code == 1
    assert err.startswith("error: there is no checkpoint")
    assert len(err.splitlines()) == 1
    assert not out


def test_score_gives_pythons_numbers_in_the_promised_form(cli, digits):
    folder, images = digits
    code, out, _ = cli("score", folder / "b.png", folder, "--json", "--alpha", 0.2, "--device", "cpu")
    assert code == 0
    results = json.loads(out)
    assert [result["path"] for result in results] == [str(folder / name) for name in ("b.png", "a.png", "b.png")]
    detector = gm_core.load_detector("mnist", "cpu")
    # All in one batch, as the command does: in another the last digits may differ.
    seen = torch.cat([gm_core.prepare(Image.fromarray(images[i, 0].numpy())).image for i in (1, 0, 1)])
    for result, verdict in zip(results, detector.score(seen, 0.2), strict=True):
        assert tuple(result) == SCORE_KEYS
        assert result["model"] == "mnist"
        assert result["error"] is None
        for key in ("log_prob", "bits_per_dim", "p_value", "outlier_score", "verdict"):
            assert result[key] == getattr(verdict, key)
        assert result["verdict"] == ("reasonable" if result["p_value"] > 0.2 else "unreasonable")


def test_a_bad_file_has_its_error_and_the_rest_is_scored(cli, digits):
    folder, _ = digits
    (folder / "aa.png").write_text("a note")
    code, out, err = cli("score", folder, "--json", "--device", "cpu")
    assert code == 1
    results = json.loads(out)
    assert [bool(result["error"]) for result in results] == [False, True, False]
    assert results[1] == dict.fromkeys(SCORE_KEYS) | {key: results[1][key] for key in ("path", "model", "error")}
    code, out, err = cli("score", folder, "--csv", folder / "table.csv", "--device", "cpu")
    assert code == 1
    with (folder / "table.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["verdict"] for row in rows] == [result["verdict"] or "" for result in results]
    code, out, err = cli("score", folder, "--device", "cpu")
    assert code == 1
    assert len(out.splitlines()) == 2
    assert len(err.splitlines()) == 1
    assert "aa.png is not a picture" in err


TINY = {
    "tiny-pixelcnn": Recipe("tiny-pixelcnn", "mnist", gm_core.GatedPixelCNNConfig(width=4, layers=1), 6, 4, 5e-3, 2),
    "tiny-vae": Recipe("tiny-vae", "mnist", gm_core.VAEConfig(width=4, latent=2, hidden=8), 6, 4, 5e-3, 2),
    "tiny-binary-vae": Recipe(
        "tiny-binary-vae",
        "mnist-binary",
        gm_core.VAEConfig(image=ImageShape(levels=2), latent=2, width=4, hidden=8),
        6,
        4,
        5e-3,
        2,
    ),
    "tiny-autoencoder": Recipe(
        "tiny-autoencoder", "mnist", gm_core.AutoencoderConfig(width=4, hidden=8), 6, 4, 5e-3, 2
    ),
    "tiny-classifier": Recipe("tiny-classifier", "mnist", gm_core.ClassifierConfig(width=4, hidden=8), 6, 4, 5e-3, 2),
}


@pytest.mark.parametrize("name", list(TINY))
def test_train_stops_resumes_and_writes_a_card_that_evaluate_reproduces(cli, data_dir, tmp_path, monkeypatch, name):
    monkeypatch.setattr(bound, "IMPORTANCE_SAMPLES", 20)
    for recipe in TINY.values():
        monkeypatch.setitem(recipes.RECIPES, recipe.name, recipe)
    common = ["train", name, "--data-dir", data_dir, "--out", tmp_path, "--device", "cpu"]
    code, out, _ = cli(*common, "--max-minutes", 0)
    assert (code, list(tmp_path.glob("*.json"))) == (0, [])
    assert "--resume" in out
    code, out, _ = cli(*common, "--resume")
    assert code == 0
    card = gm_core.read_card(name, tmp_path)
    assert card.cost["steps"] == 6
    monkeypatch.setenv("GM_CHECKPOINTS", str(tmp_path))
    code, out, _ = cli("evaluate", name, "--data-dir", data_dir, "--json", "--device", "cpu")
    assert code == 0
    for measured, carded in zip(json.loads(out)["metrics"], card.metrics, strict=True):
        assert measured["value"] == pytest.approx(carded.value, rel=1e-5)
        assert measured["protocol"] == carded.protocol
    code, _, err = cli("evaluate", name, "--data-dir", tmp_path / "empty")
    assert code == 1
    assert "--data-dir" in err


@pytest.fixture
def untrained(tmp_path, monkeypatch):
    """A folder of small models of every kind that has a latent space or few levels; the shell looks there."""
    torch.manual_seed(0)
    small = {"width": 4, "hidden": 8, "latent": 2}
    models = {
        "mnist-vae": gm_core.VAE(gm_core.VAEConfig(mixture=2, **small)),
        "mnist-autoencoder": gm_core.Autoencoder(gm_core.AutoencoderConfig(**small)),
        "mnist-binary-vae": gm_core.VAE(gm_core.VAEConfig(image=ImageShape(levels=2), **small)),
        "four-pixelcnn": gm_core.GatedPixelCNN(
            gm_core.GatedPixelCNNConfig(image=ImageShape(height=8, width=8, levels=4), width=4, layers=1)
        ),
    }
    for name, model in models.items():
        card = shipped(model.eval(), name, tmp_path)
        checkpoints.save(replace(card, dataset="mnist"), model.state_dict(), tmp_path)
    monkeypatch.setenv("GM_CHECKPOINTS", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("name", "levels"),
    [("mnist-autoencoder", 256), ("mnist-vae", 256), ("mnist-binary-vae", 2), ("four-pixelcnn", 4)],
)
def test_sample_shows_every_kind_of_model_in_the_full_range_of_grey(cli, untrained, name, levels):
    out = untrained / "grid.png"
    code, _, _ = cli("sample", name, "-n", 4, "--seed", 2, "--out", out, "--device", "cpu")
    assert code == 0
    images = gm_core.load(name, "cpu").sample(4, generator=torch.Generator().manual_seed(2))
    visible = (images.double() * 255 / (levels - 1)).round().to(torch.uint8)
    assert np.array_equal(read(out), np.asarray(grid(visible)))
    if levels == 4:
        assert set(visible.unique().tolist()) == {0, 85, 170, 255}
    if "pixelcnn" not in name:
        for option, what in ((["--label", 1], "knows no classes"), (["--gif", "x.gif"], "nothing to watch")):
            code, _, err = cli("sample", name, *option, "--device", "cpu")
            assert code == 2
            assert what in " ".join(err.replace("│", " ").split())


@pytest.mark.parametrize("name", ["mnist-vae", "mnist-autoencoder"])
def test_atlas_surveys_a_latent_space_and_evaluate_measures_it_again(cli, untrained, data_dir, name):
    common = ("--data-dir", data_dir, "--device", "cpu")
    code, out, _ = cli("atlas", name, *common, "--out", untrained)
    assert code == 0
    card = gm_core.read_card(f"{name}-atlas")
    assert [line.split()[0] for line in out.splitlines()] == [metric.name for metric in card.metrics]
    assert len(gm_core.load_atlas(name, "cpu").codes) == 5000
    code, out, _ = cli("evaluate", f"{name}-atlas", *common, "--json")
    assert code == 0
    for measured, carded in zip(json.loads(out)["metrics"], card.metrics, strict=True):
        assert measured["value"] == pytest.approx(carded.value, rel=1e-4, abs=1e-6)
        assert measured["protocol"] == carded.protocol


def test_atlas_refuses_what_has_no_grey_latent_space(cli, untrained, data_dir):
    for name, message in (
        ("mnist-binary-vae", "pictures of 2 levels"),
        ("four-pixelcnn", "no latent space"),
        ("mnist-oracle", "there is no checkpoint"),
    ):
        code, out, err = cli("atlas", name, "--data-dir", data_dir, "--out", untrained, "--device", "cpu")
        assert (code, out) == (1, "")
        assert err.startswith("error: ") and message in err and len(err.splitlines()) == 1
    code, _, err = cli("sample", "mnist-vae-atlas")
    assert code == 1
    assert "there is no checkpoint 'mnist-vae-atlas'" in err


@pytest.fixture
def judges(tmp_path, monkeypatch):
    """A folder of a small untrained PixelCNN and classifier of digits; the shell looks there."""
    torch.manual_seed(0)
    models = {
        "mnist-pixelcnn-gated": gm_core.GatedPixelCNN(gm_core.GatedPixelCNNConfig(width=4, layers=1)),
        "mnist-classifier": gm_core.Classifier(gm_core.ClassifierConfig(width=4, hidden=8)),
    }
    for name, model in models.items():
        card = shipped(model.eval(), name, tmp_path)
        checkpoints.save(replace(card, dataset="mnist"), model.state_dict(), tmp_path)
    monkeypatch.setenv("GM_CHECKPOINTS", str(tmp_path))
    monkeypatch.setattr(bayes_study, "USUAL_IMAGES", 3)
    return tmp_path


def test_bayes_compares_two_judges_and_evaluate_measures_them_again(cli, judges, data_dir):
    common = ("--data-dir", data_dir, "--device", "cpu")
    code, out, _ = cli("bayes", "mnist", "--outliers", "mnist", "--limit", 6, *common, "--out", judges)
    assert code == 0
    card = gm_core.read_card("mnist-bayes")
    assert [line.split()[0] for line in out.splitlines()] == [metric.name for metric in card.metrics]
    assert gm_core.load_bayes("mnist").outliers == "mnist"
    code, out, _ = cli("evaluate", "mnist-bayes", *common, "--json")
    assert code == 0
    for measured, carded in zip(json.loads(out)["metrics"], card.metrics, strict=True):
        assert measured["value"] == pytest.approx(carded.value, rel=1e-4, abs=1e-6)
        assert measured["protocol"] == carded.protocol


def test_what_cannot_draw_or_judge_says_so_in_one_line(cli, judges, data_dir):
    for arguments, message in (
        (("sample", "mnist-classifier"), "is a classifier: it draws no pictures"),
        (("bayes", "fashion", "--outliers", "mnist", "--data-dir", data_dir), "fashion"),
        (("evaluate", "mnist-bayes", "--data-dir", data_dir), "there is no checkpoint 'mnist-bayes'"),
        (("bayes", "mnist", "--outliers", "cats", "--data-dir", data_dir), "there is no data set 'cats'"),
    ):
        code, out, err = cli(*arguments, "--device", "cpu")
        assert (code, out) == (1, "")
        assert err.startswith("error: ") and message in err.lower() and len(err.splitlines()) == 1


@pytest.mark.parametrize("name", ["mnist-vae", "mnist-autoencoder"])
def test_bench_latency_times_a_latent_space(cli, untrained, monkeypatch, name):
    monkeypatch.setattr(latency, "LEAST_RUNS", 3)
    monkeypatch.setattr(latency, "SECONDS", 0.0)
    monkeypatch.setattr(latency, "SAMPLES", 10)
    code, out, _ = cli("bench", "latency", "--model", name, "--json", "--threads", 1, "--device", "cpu")
    assert code == 0
    document = json.loads(out)
    assert (document["model"], document["device"], document["threads"]) == (name, "cpu", 1)
    lines = [(line["task"], line["batch"]) for line in document["results"]]
    assert lines == [("decode", 1), ("decode", 64), ("encode", 1), ("bound", 1)][: len(lines)]
    assert len(lines) == (3 if name == "mnist-autoencoder" else 4)
    code, out, _ = cli("bench", "latency", "--device", "cpu")  # of mnist-vae when left out
    assert code == 0
    assert out.startswith("mnist-vae on cpu")
    assert len(out.splitlines()) == 2 + 4


def test_bench_compares_the_samplers_in_one_run(cli, monkeypatch):
    monkeypatch.setattr(bench, "CASES", ((1, 28, 28), (3, 5, 6)))
    monkeypatch.setattr(bench, "NAIVE_SECONDS", 0.02)
    monkeypatch.setattr(bench, "SESSION_SECONDS", 0.1)
    code, out, _ = cli("bench", "sampling", "--json", "--threads", 1, "--device", "cpu")
    assert code == 0
    document = json.loads(out)
    assert (document["model"], document["device"], document["threads"]) == ("mnist-pixelcnn", "cpu", 1)
    for line, case in zip(document["results"], bench.CASES, strict=True):
        assert (line["batch"], line["height"], line["width"]) == case
        assert line["speedup"] == pytest.approx(line["naive_seconds"] / line["cached_seconds"])
        assert line["identical"] is True
    assert document["results"][0]["speedup"] > 10


def test_bench_compares_the_samplers_of_colour(cli, tmp_path, monkeypatch):
    torch.manual_seed(0)
    model = gm_core.PixelCNNPP(gm_core.PixelCNNPPConfig(vertical=(4, 4), horizontal=(4, 6), blocks=(1, 1), mixture=2))
    shipped(model.eval(), "colour-pixelcnnpp", tmp_path)
    monkeypatch.setenv("GM_CHECKPOINTS", str(tmp_path))
    monkeypatch.setattr(bench, "CASES", ((2, 5, 6),))
    monkeypatch.setattr(bench, "NAIVE_SECONDS", 0.02)
    monkeypatch.setattr(bench, "SESSION_SECONDS", 0.02)
    monkeypatch.setattr(bench, "SESSIONS", 2)
    code, out, _ = cli("bench", "sampling", "--model", "colour-pixelcnnpp", "--json", "--device", "cpu")
    assert code == 0
    assert json.loads(out)["results"][0]["identical"] is True


def test_bench_training_adds_one_speed_up_after_the_other(cli, monkeypatch):
    for recipe in TINY.values():
        monkeypatch.setitem(recipes.RECIPES, recipe.name, recipe)
    monkeypatch.setattr(training_bench, "SECONDS", 0.02)
    monkeypatch.setattr(training_bench, "WAYS", training_bench.WAYS[:-1])  # compiling takes half a minute
    for name in ("tiny-pixelcnn", "tiny-classifier"):
        code, out, _ = cli("bench", "training", "--model", name, "--json", "--device", "cpu")
        assert code == 0
        document = json.loads(out)
        assert (document["recipe"], document["batch"]) == (name, 4)
        plain, *others = document["results"]
        assert plain["speedup"] == 1 and len(others) == 3
        for line in others:
            assert line["speedup"] == pytest.approx(line["images_per_second"] / plain["images_per_second"])


def test_the_module_runs_without_gradio():
    program = (
        "import sys; sys.modules['gradio'] = None; sys.argv = ['gm_core', 'list', '--json'];"
        "import gm_core.cli.commands; gm_core.cli.commands.main()"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert json.loads(ended.stdout)
    assert ended.stderr == ""


def test_own_pictures_are_trained_on_and_measured_by_their_folders_name(cli, tmp_path, monkeypatch):
    """Reds on a grey ground and blues, wide and tall; one file is no picture."""
    random, folder, out = np.random.default_rng(0), tmp_path / "My holiday!", tmp_path / "out"
    for kind, channel in (("red", 0), ("blue", 2)):
        (folder / kind).mkdir(parents=True)
        for number in range(20):
            picture = random.integers(0, 60, (40, 50, 3), dtype=np.uint8)
            picture[:, :, channel] += 150
            Image.fromarray(picture).save(folder / kind / f"{number}.png")
    (folder / "red" / "broken.png").write_bytes(b"no picture")
    model = gm_core.PixelCNNPPConfig(vertical=(4,), horizontal=(4,), blocks=(1,), kernel_size=3, mixture=2)
    monkeypatch.setitem(recipes.RECIPES, "cifar10-tiny", Recipe("cifar10-tiny", "cifar10", model, 3, 4, 5e-3, 2))
    common = ["--data-dir", folder, "--device", "cpu"]
    code, _, err = cli("train", "--recipe", "cifar10-tiny", *common, "--out", out)
    assert code == 0 and "broken.png" in err
    card = gm_core.read_card("my-holiday-tiny", out)
    assert (card.dataset, card.class_names, card.config["classes"]) == ("my-holiday", ["blue", "red"], 2)
    assert card.split.startswith("trained on the first 32 training images; the last 4 held out")
    monkeypatch.setenv("GM_CHECKPOINTS", str(out))
    code, out_text, _ = cli("evaluate", "my-holiday-tiny", *common, "--json")
    assert code == 0
    assert json.loads(out_text)["metrics"][0]["value"] == pytest.approx(card.metrics[0].value, rel=1e-5)
    parts = [load_dataset("my-holiday", split, folder) for split in ("train", "validation", "test")]
    assert [len(part) for part in parts] == [32, 4, 4]
    for part in parts:
        assert (part.images.shape[1:], part.class_names) == ((3, 32, 32), ("blue", "red"))
        assert torch.equal(part.images[:, 0].float().mean((1, 2)) > 100, part.labels == 1)
    code, _, err = cli("train", "mnist-pixelcnn", *common, "--out", out)
    assert code == 1 and "cifar10-pixelcnnpp" in err
    (folder / "red" / "0.png").rename(tmp_path / "0.png")
    code, _, err = cli("train", "cifar10-tiny", "--data-dir", folder / "red", "--out", out)
    assert code == 1 and "is not in" in err, "nineteen pictures are no data set"
