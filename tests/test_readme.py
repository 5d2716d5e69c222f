"""The README and the pages in docs/ say what the cards say."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

import gm_core
from gm_core.checkpoints import checkpoint_dir
from gm_core.cli.app import app
from gm_core.data.catalog import dataset_of
from gm_core.evaluation.published import PUBLISHED
from gm_core.models.capabilities import Samples
from gm_core.rendering import grid, png

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
MODELS = (ROOT / "docs/models.md").read_text(encoding="utf-8")
EXPERIMENTS = (ROOT / "docs/experiments.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

PROSE = [
    ("| false alarms, 10,000 test images | 4.3 % | 4.7 % |", "mnist-detector", "false_alarm_rate_at_0.05", 0.0465),
    ("in Omniglot | 97.2 % | 98.5 % |", "mnist-detector", "detection_rate_omniglot", 0.985),
    ("rotated by 90°, refused | 60.2 % | 86.8 % |", "mnist-detector", "detection_rate_rotated_by_90", 0.868),
    ("to right, refused | 36.4 % | 53.7 % |", "mnist-detector", "detection_rate_flipped_left_to_right", 0.537),
    ("upside down, refused | 32.0 % | 54.1 % |", "mnist-detector", "detection_rate_flipped_upside_down", 0.541),
    ("two overlaid, refused | 90.2 % | 89.3 % |", "mnist-detector", "detection_rate_two_overlaid", 0.893),
    ("that pass, of 200 | 96.5 % | 96.5 % |", "mnist-detector", "reasonable_photographed", 0.965),
    ("on the pad that pass, of 200 | 97.5 % | 96.0 % |", "mnist-detector", "reasonable_drawn_on_pad", 0.96),
    (
        "88.5 % of photographed digits pass for reasonable instead of 96.5 %",
        "mnist-detector",
        "reasonable_photographed",
        0.965,
    ),
    ("as on the card: 27.0 % instead of 56.5 %", "mnist-detector", "reasonable_omniglot", 0.27),
    ("of 200 clothes 0.5 %, and of 200 photographs of CIFAR-10 1 %", "mnist-detector", "reasonable_fashion", 0.005),
    ("of 200 clothes 0.5 %, and of 200 photographs of CIFAR-10 1 %", "mnist-detector", "reasonable_cifar10", 0.01),
    ("letting the classifier answer is right for 99.0 %", "mnist-bayes", "mixed_accuracy_at_half_joined", 0.99),
    ("p(y given x) for 89.7 %", "mnist-bayes", "mixed_accuracy_at_half_classifier", 0.897),
    ("fails (14.3 % and 0.2 %)", "fashion-bayes", "mixed_accuracy_at_half_joined", 0.143),
    ("fails (14.3 % and 0.2 %)", "cifar10-bayes", "mixed_accuracy_at_half_joined", 0.002),
    ("is right for 65.1 %", "fashion-bayes", "mixed_accuracy_at_half_typicality", 0.651),
    ("classifies 45 % of the photographs correctly", "cifar10-bayes", "pixelcnn_accuracy", 0.454),
    ("a small classifier 75 %", "cifar10-classifier", "accuracy", 0.748),
    ("than every photograph (AUROC 0.000)", "cifar10-detector", "naive_auroc_mnist", 0.0),
    ("reached 0.776 bits/dim", "mnist-pixelcnn", "bits_per_dim", 0.776),
    ("reached 0.857", "mnist-pixelcnn-gated", "bits_per_dim", 0.857),
    ("it reached 2.643", "fashion-pixelcnn", "bits_per_dim", 2.643),
    ("It reached 81.16 nats", "mnist-binary-pixelcnn", "log_prob", -81.16),
    ("it reaches 3.380", "cifar10-pixelcnnpp", "bits_per_dim", 3.38),
]


def figures() -> list[tuple[str, str, float]]:
    """Checkpoint, figure and value of every row of the tables of figures."""
    rows = re.findall(r"^\| `([\w-]+)` \| `([\w.]+)` \| (-?[\d.,]+) ", MODELS, flags=re.MULTILINE)
    return [(name, metric, float(value.replace(",", ""))) for name, metric, value in rows]


def refusals() -> list[tuple[str, str, float, float, float]]:
    """Detector, outliers and three figures of every row of the tables of outliers."""
    rows = []
    for name, table in re.findall(r"^What `([\w-]+)` refuses;.*?\n\n(.*?)\n\n", MODELS, flags=re.MULTILINE | re.DOTALL):
        for outliers, *values in re.findall(
            r"^\| ([\w ]+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) % \|$", table, re.MULTILINE
        ):
            naive, auroc, detected = map(float, values)
            rows.append((name, outliers, naive, auroc, detected))
    return rows


def costs() -> list[tuple[str, float, float, float]]:
    """Checkpoint, millions of parameters, epochs and minutes of every row of the table of costs."""
    rows = re.findall(r"^\| `([\w-]+)` \| ([\d.]+) M \| ([\d.]+) epochs \| ([\d.]+) \|", MODELS, flags=re.MULTILINE)
    return [(name, *map(float, values)) for name, *values in rows]  # type: ignore[misc]


def drawings() -> list[tuple[str, ...]]:
    """Checkpoint and cells of every row of the table of models that draw."""
    table = MODELS.partition("## Models that draw")[2].partition("## ")[0]
    return [tuple(row.split(" | ")) for row in re.findall(r"^\| (`[\w-]+` \| .*) \|$", table, flags=re.MULTILINE)]


def headlines() -> list[tuple[str, str, str, str]]:
    """Checkpoint, figure as printed, its unit, and published figures of every row of the README's table."""
    return re.findall(
        r"^\| `([\w-]+)` \| [^|]+ \| (-?[\d.]+) (bits/dim, \w+|nats, \w+|[\w% ]+) \| ([^|]*)\|$",
        README,
        flags=re.MULTILINE,
    )


def written() -> dict[str, dict]:
    """Every card as it was written."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in checkpoint_dir().glob("*.json")}


def test_the_models_page_is_what_the_cards_make():
    run = CliRunner().invoke(app, ["cards", "--markdown"])
    assert run.output == MODELS, "run: python -m gm_core cards --markdown > docs/models.md"


def test_cards_are_printed_in_full():
    entries = json.loads(CliRunner().invoke(app, ["cards"]).output)
    assert {entry["name"]: entry for entry in entries} == written()


def test_every_data_set_has_its_licence_on_the_page():
    for name in {card.dataset for card in gm_core.available()}:
        assert f"(`{name}`)" in MODELS
        assert f"licence: {dataset_of(name).licence}." in MODELS


def test_there_is_a_line_for_every_checkpoint():
    assert {name for name, _, _ in figures()} == {card.name for card in gm_core.available()}


@pytest.mark.parametrize(("name", "metric", "value"), figures())
def test_every_figure_is_its_cards(name, metric, value):
    carded = gm_core.read_card(name).metric(metric).value
    assert value == pytest.approx(carded, rel=2e-3, abs=6e-4)


def test_every_figure_of_a_card_is_on_the_page():
    shown = {(name, metric) for name, metric, _ in figures()}
    for name, outliers, *_ in refusals():
        key = outliers.replace(" ", "_")
        shown |= {(name, f"{figure}_{key}") for figure in ("naive_auroc", "auroc", "detection_rate")}
    assert shown == {(card.name, metric.name) for card in gm_core.available() for metric in card.metrics}


@pytest.mark.parametrize(("name", "outliers", "naive", "auroc", "detected"), refusals())
def test_every_refusal_is_its_cards(name, outliers, naive, auroc, detected):
    card, key = gm_core.read_card(name), outliers.replace(" ", "_")
    assert naive == pytest.approx(card.metric(f"naive_auroc_{key}").value, abs=5.1e-4)
    assert auroc == pytest.approx(card.metric(f"auroc_{key}").value, abs=5.1e-5)
    assert detected == pytest.approx(100 * card.metric(f"detection_rate_{key}").value, abs=0.051)


def test_every_model_that_draws_is_in_the_table() -> None:
    assert [row[0].strip("`") for row in drawings()] == [card.name for card in gm_core.available() if card.has(Samples)]


@pytest.mark.parametrize("row", drawings(), ids=lambda row: row[0].strip("`"))
def test_what_a_model_draws_and_costs_is_its_cards(row):
    card = gm_core.read_card(row[0].strip("`"))
    likelihoods = (("exact", "bits_per_dim"), ("at most", "bound_bits_per_dim"), ("at most", "elbo_bits_per_dim"))
    kinds = {f"{kind} {value:.3f}" for kind, name in likelihoods if (value := card.value(name)) is not None}
    estimate = card.value("estimated_bits_per_dim")
    kinds |= set() if estimate is None else {f"about {estimate:.3f}"}
    assert set(row[1].split(", ")) == (kinds or {"none"})
    figures = [("frechet_distance", 0), ("kernel_distance", 0), ("density", 2), ("coverage", 2)]
    for cell, (name, digits) in zip(row[2:6], figures, strict=True):
        values = [card.value(name), card.value(f"{name}_floor")]
        assert cell == ("–" if values[0] is None else " / ".join(f"{value:.{digits}f}" for value in values)), name
    single = [("class_as_asked", 100, 1, " %"), ("milliseconds_per_picture", 1, 1, ""), ("network_calls", 1, 0, "")]
    for cell, (name, scale, digits, unit) in zip(row[6:9], single, strict=True):
        value = card.value(name)
        assert cell == ("–" if value is None else f"{scale * value:.{digits}f}{unit}"), name
    assert row[9:] == (f"{card.parameters / 1e6:.2f} M", f"{card.cost['minutes']:.0f}")


def test_every_trained_model_has_its_cost():
    assert {name for name, *_ in costs()} == {card.name for card in gm_core.available() if card.cost}


@pytest.mark.parametrize(("name", "parameters", "epochs", "minutes"), costs())
def test_every_cost_is_its_cards(name, parameters, epochs, minutes):
    card = gm_core.read_card(name)
    found = re.match(r"trained on (?:the first )?([\d,]+) training images", card.split)
    assert found, f"the split of {name} does not say how many images it was trained on"
    images = int(found[1].replace(",", ""))
    assert parameters == pytest.approx(card.parameters / 1e6, abs=0.0051)
    assert epochs == pytest.approx(card.cost["images_seen"] / images, abs=0.051)
    assert minutes == pytest.approx(card.cost["minutes"], abs=0.51)


@pytest.mark.parametrize(("name", "printed", "unit", "published"), headlines())
def test_every_headline_of_the_readme_is_its_cards(name, printed, unit, published):
    unit, _, kind = unit.partition(", ")
    card = gm_core.read_card(name)
    known = {"% correct": ("share", 100, "accuracy"), "AUROC against digits": ("AUROC", 1, "auroc_mnist")}
    known |= {"grey levels of error": ("grey levels", 1, "reconstruction_error")}
    carded_unit, scale, only = known.get(unit, (unit, 1, ""))
    begins = {"exact": "exact", "bound": "lower bound", "estimate": "Hutchinson estimate", "": ""}[kind]
    digits = len(printed.partition(".")[2])
    fitting = [
        metric.name
        for metric in card.metrics
        if metric.unit == carded_unit and metric.protocol.startswith(begins) and (not only or metric.name == only)
        if f"{scale * metric.value:.{digits}f}" == printed
    ]
    assert fitting


@pytest.mark.parametrize(("name", "published"), [(name, published) for name, *_, published in headlines() if published])
def test_every_published_figure_of_the_readme_has_a_source(name, published):
    dataset = gm_core.read_card(name).dataset
    sources = [line.figure for line in PUBLISHED if line.dataset == dataset]
    sources += [line.words for lines in dataset_of(dataset).published.values() for line in lines]
    known = re.split(r"[ ,]+", " ".join(sources))
    for figure in re.findall(r"-?\d+\.\d+", published):
        assert figure in known


def test_the_readme_says_that_ours_is_not_the_best_published():
    for figure in ("0.621", "0.644", "0.676", "0.745"):
        assert figure in README
    assert "not the best published" in README


def test_every_row_of_the_readmes_table_is_checked():
    assert len(headlines()) == len(re.findall(r"^\| `", README, flags=re.MULTILINE)) > 10


def test_the_readme_is_short():
    assert len(README.splitlines()) <= 150


@pytest.mark.parametrize(("text", "name", "metric", "value"), PROSE)
def test_figures_within_the_text_are_the_cards(text, name, metric, value):
    assert text in " ".join(EXPERIMENTS.split())
    assert value == pytest.approx(
        gm_core.read_card(name).metric(metric).value, abs=5.1e-4 if abs(value) < 10 else 5.1e-3
    )


@pytest.mark.parametrize("name", [name for name, card in sorted(written().items()) if card["cost"]])
def test_a_history_ends_with_what_training_cost(name):
    card = written()[name]
    steps = [stage["steps"] for stage in card["history"]]
    minutes = [stage["minutes"] for stage in card["history"] if "minutes" in stage]
    assert steps == sorted(set(steps))
    assert minutes == sorted(set(minutes))
    assert (steps[-1], minutes[-1]) == (card["cost"]["steps"], card["cost"]["minutes"])
    assert all(stage["change"] for stage in card["history"])


@pytest.mark.timeout(300)
@pytest.mark.parametrize("page", ["README.md", "docs/usage.md"])
def test_the_python_examples_run(page, tmp_path):
    example = re.search(r"```python\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL)
    assert example
    image = torch.zeros(1, 1, 28, 28, dtype=torch.uint8)
    image[:, :, 4:24, 12:16] = 255
    (tmp_path / "digit.jpg").write_bytes(png(grid(image)))
    # A process of its own: compiled kernels, once there, draw for every test after.
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{example[1]}"
    settings = {**os.environ, "OMP_NUM_THREADS": "1"}
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, env=settings, check=False
    )
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_it_names_is_there(page):
    for path in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / path).exists(), path
