"""A resumed run is the uninterrupted one; an interrupted run is safe."""

import csv
import os
import signal
from dataclasses import replace
from xml.etree import ElementTree

import pytest
import torch
from safetensors.torch import load

from gm_core.data.datasets import Images
from gm_core.models import ImageShape
from gm_core.models.autoregressive.gated import GatedPixelCNNConfig
from gm_core.models.vae.vae import VAEConfig
from gm_core.training import loop, signals, state
from gm_core.training.loop import train
from gm_core.training.recipes import RECIPES, Recipe
from gm_core.training.state import StateError
from tests.contract.settings import SETTINGS
from tests.helpers import loss_of

CPU = torch.device("cpu")
PIXELCNN = Recipe(
    "tiny-pixelcnn",
    "mnist",
    GatedPixelCNNConfig(image=ImageShape(height=8, width=8), width=8, layers=2),
    24,
    4,
    5e-3,
    4,
    any_class=0.3,
)
TINY_VAE = VAEConfig(image=ImageShape(height=8, width=8), latent=2, width=4, hidden=8)
VAE = Recipe("tiny-vae", "mnist", TINY_VAE, 24, 4, 5e-3, 4)


@pytest.fixture(scope="module")
def data() -> Images:
    """Pictures of a bar, on the left or on the right."""
    labels = torch.arange(40) % 2
    images = torch.zeros(40, 1, 8, 8, dtype=torch.uint8)
    images[labels == 0, :, :, 1:3] = 200
    images[labels == 1, :, :, 5:7] = 200
    return Images(images, labels, ("left", "right"))


def run(recipe, data, directory, **options):
    return train(recipe, data, data, directory=directory, device=CPU, quiet=True, **options)


def same(a, b) -> bool:
    return all(torch.equal(x, y) for x, y in zip(a.state_dict().values(), b.state_dict().values(), strict=True))


@pytest.mark.parametrize("recipe", [PIXELCNN, VAE], ids=lambda recipe: recipe.name)
def test_a_run_cut_in_three_ends_as_the_uninterrupted_one(recipe, data, tmp_path, monkeypatch):
    whole = run(recipe, data, tmp_path / "whole")
    assert whole.finished
    assert whole.steps == 24
    clock = iter(range(10**6))
    monkeypatch.setattr(loop, "monotonic", lambda: next(clock))  # every look at the clock costs a second
    parts = [run(recipe, data, tmp_path / "parts", resume=False, max_minutes=0.3)]
    while not parts[-1].finished:
        assert len(parts) < 20
        parts.append(run(recipe, data, tmp_path / "parts", resume=True, max_minutes=0.3))
    assert len(parts) > 2
    assert same(parts[-1].model, whole.model)


@pytest.mark.parametrize("recipe", [PIXELCNN, VAE], ids=lambda recipe: recipe.name)
def test_torchs_settings_change_nothing_of_a_run(recipe, data, tmp_path):
    short = replace(recipe, steps=3)
    usual = run(short, data, tmp_path / "usual").model
    for number, (name, setting) in enumerate(SETTINGS.items()):
        with setting():
            trained = run(short, data, tmp_path / str(number)).model
        assert same(trained, usual), name


@pytest.mark.parametrize("recipe", [PIXELCNN, VAE], ids=lambda recipe: recipe.name)
def test_training_learns(recipe, data, tmp_path):
    untrained = loop.build_model(recipe)
    trained = run(replace(recipe, steps=120, ema=0.9), data, tmp_path).model
    labels = torch.full((40,), -1)
    with torch.no_grad():
        before, after = (
            loss_of(m, data.images, labels, torch.Generator().manual_seed(0)) for m in (untrained, trained)
        )
    assert after < 0.6 * before


def test_a_run_that_was_lengthened_says_so(data, tmp_path):
    first = run(replace(PIXELCNN, steps=6), data, tmp_path)
    assert [(stage["change"], stage["steps"]) for stage in first.history] == [
        ("trained by the recipe, 6 steps planned", 6)
    ]
    longer = run(replace(PIXELCNN, steps=10), data, tmp_path, resume=True)
    assert [(stage["change"], stage["steps"]) for stage in longer.history] == [
        ("trained by the recipe, 6 steps planned", 6),
        ("resumed, 10 steps planned", 10),
    ]
    again = run(replace(PIXELCNN, steps=10), data, tmp_path, resume=True)  # nothing left to do, and nothing new
    assert [stage["change"] for stage in again.history] == [stage["change"] for stage in longer.history]


def test_a_run_that_goes_on_with_other_pictures_says_so_once_and_on_its_card(data, tmp_path, capsys):
    run(replace(PIXELCNN, steps=4), data, tmp_path)
    run(replace(PIXELCNN, steps=6), data, tmp_path, resume=True)
    assert "pictures" not in capsys.readouterr().err
    others = replace(data, images=data.images.roll(1, 3))
    for steps in (8, 10):
        trained = run(replace(PIXELCNN, steps=steps), others, tmp_path, resume=True)
    (line,) = capsys.readouterr().err.splitlines()
    assert line == "warning: resuming tiny-pixelcnn: the pictures are others now: 40 then, 40 now"
    assert [("others" in stage["change"]) for stage in trained.history] == [False, False, True, False]
    renamed = replace(data, class_names=("left", "centre"))
    with pytest.raises(StateError, match="the classes of the pictures are not those"):
        run(replace(PIXELCNN, steps=12), renamed, tmp_path, resume=True)


def test_the_recipe_alone_decides_the_result(data, tmp_path):
    torch.manual_seed(1)
    one = run(PIXELCNN, data, tmp_path / "1").model
    torch.manual_seed(2)
    assert same(one, run(PIXELCNN, data, tmp_path / "2").model)
    assert not same(one, run(replace(PIXELCNN, seed=1), data, tmp_path / "3").model)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupt_finishes_the_step_saves_and_can_be_resumed(data, tmp_path, monkeypatch, number):
    outside = signal.signal(number, signal.default_int_handler)  # a job in the background has it ignored
    before = signal.getsignal(number)
    recipe = replace(PIXELCNN, steps=10_000)
    batch = loop._batch

    def interrupted(recipe, data, step):
        if step == 5:
            os.kill(os.getpid(), number)
        return batch(recipe, data, step)

    monkeypatch.setattr(loop, "_batch", interrupted)
    stopped = run(recipe, data, tmp_path)
    assert stopped.steps == 6
    assert not stopped.finished
    resumed = run(replace(recipe, steps=stopped.steps + 3), data, tmp_path, resume=True)
    assert resumed.steps == stopped.steps + 3
    assert signal.getsignal(number) is before
    signal.signal(number, outside)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_what_is_ignored_stays_ignored(number):
    """As ``nohup`` has it: the run outlives its terminal."""
    before = signal.signal(number, signal.SIG_IGN)
    try:
        with signals.stop_on_signal() as stopping:
            os.kill(os.getpid(), number)
            assert not stopping.is_set() and signal.getsignal(number) is signal.SIG_IGN
    finally:
        signal.signal(number, before)


def test_the_learning_curve_is_written(data, tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "SAVE_SECONDS", 0.0)
    run(replace(PIXELCNN, steps=3), data, tmp_path)
    with (tmp_path / "curve.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["step"] for row in rows] == ["1", "2", "3"]
    assert all(0 < float(row["validation_bits_per_dim"]) < 20 for row in rows)
    picture = ElementTree.fromstring((tmp_path / "curve.svg").read_text())
    lines = picture.findall("{http://www.w3.org/2000/svg}polyline")
    assert [len((line.get("points") or "").split()) for line in lines] == [
        0,
        3,
    ]  # a training loss is known from step 20 on
    assert f"last {float(rows[-1]['validation_bits_per_dim']):.4f}" in "".join(picture.itertext())


def test_a_state_that_cannot_be_resumed_is_named(data, tmp_path):
    with pytest.raises(StateError, match="there is no training state"):
        run(PIXELCNN, data, tmp_path, resume=True)
    run(replace(VAE, steps=1), data, tmp_path)
    with pytest.raises(StateError, match="already holds a run"):
        run(VAE, data, tmp_path)
    with pytest.raises(StateError, match="of another recipe"):
        run(PIXELCNN, data, tmp_path, resume=True)
    (state,) = tmp_path.glob("state-*")
    for damaged in (state.read_bytes()[:1000], b"", b"\x00" * 64):
        state.write_bytes(damaged)
        with pytest.raises(StateError, match="damaged"):
            run(VAE, data, tmp_path, resume=True)


def test_a_large_state_is_written_in_parts_of_which_a_whole_one_is_always_there(data, tmp_path, monkeypatch):
    recipe = replace(VAE, steps=9, decay=0.0)  # so that fewer steps are the same ones
    whole = run(recipe, data, tmp_path / "whole")
    monkeypatch.setattr(state, "PART", 4000)
    run(replace(recipe, steps=4), data, tmp_path / "parts")
    parts = sorted((tmp_path / "parts").glob("state-*"))
    assert len(parts) > 3 and all("state-000000004-" in part.name for part in parts)
    half_written = parts[1].with_name("state-000000005-1-of-2.safetensors")  # as if the program had ended just then
    half_written.write_bytes(parts[1].read_bytes())
    resumed = run(recipe, data, tmp_path / "parts", resume=True)
    assert same(resumed.model, whole.model) and not half_written.exists()
    next((tmp_path / "parts").glob("state-*-2-of-*")).unlink()
    with pytest.raises(StateError, match="a part of it is missing"):
        run(recipe, data, tmp_path / "parts", resume=True)


def test_a_run_that_diverges_says_so_and_keeps_the_last_good_state(data, tmp_path):
    with pytest.raises(StateError, match="diverged before step"):
        run(replace(PIXELCNN, learning_rate=1e30, warmup=1), data, tmp_path)
    state = loop.build_model(PIXELCNN).state_dict()
    (path,) = tmp_path.glob("state-*")
    kept = load(path.read_bytes())
    assert all(kept[f"model.{name}"].isfinite().all() for name in state)


def test_a_folder_that_cannot_be_written_to_is_found_out_before_the_first_step(data, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setattr(loop, "_batch", lambda *_: pytest.fail("a step was taken"))
    with pytest.raises(OSError, match="file"):
        run(PIXELCNN, data, tmp_path / "file" / "run")


def test_labels_are_hidden_as_often_as_the_recipe_says(data):
    recipe = replace(PIXELCNN, batch=40, any_class=0.3)
    labels = torch.cat([loop._batch(recipe, data, step)[0].labels for step in range(50)])
    assert float((labels == -1).double().mean()) == pytest.approx(0.3, abs=0.03)
    batch, _ = loop._batch(replace(recipe, any_class=0.0), data, 0)
    assert torch.equal(batch.images[:, 0, 0, 1] > 0, batch.labels == 0)  # each label is still its picture's


def test_the_optimiser_is_given_the_recipes_rates(data, tmp_path, monkeypatch):
    rates = []
    step = torch.optim.AdamW.step

    def watched(optimizer, *arguments):
        rates.append(optimizer.param_groups[0]["lr"])
        return step(optimizer, *arguments)

    monkeypatch.setattr(torch.optim.AdamW, "step", watched)
    run(PIXELCNN, data, tmp_path)
    assert rates == [PIXELCNN.rate(step) for step in range(24)]


def test_the_learning_rate_rises_stays_and_falls():
    recipe = RECIPES["mnist-pixelcnn"]
    rates = [recipe.rate(step) for step in range(recipe.steps)]
    assert rates[0] < 0.01 * recipe.learning_rate
    assert max(rates) == rates[recipe.warmup] == recipe.learning_rate
    assert rates[-1] == pytest.approx(0.02 * recipe.learning_rate, rel=0.01)
    start = int(recipe.steps * (1 - recipe.decay))
    assert rates[start - 100] == recipe.learning_rate > rates[start + 200]
