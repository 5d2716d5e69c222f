"""A family of several losses, each with parameters and an optimiser of its own, is trained and resumed as exactly."""

import csv
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from gm_core.data.datasets import Images
from gm_core.models import FAMILIES, Batch
from gm_core.training import loop
from gm_core.training.loop import build_model, take_step, train
from tests.gm_core.training.duel import RECIPE, Duel
from tests.helpers import seeded


@pytest.fixture(autouse=True)
def known(monkeypatch):
    monkeypatch.setitem(FAMILIES, Duel.family, Duel)


def with_config(**changes):
    return replace(RECIPE, model=replace(RECIPE.model, **changes))


def data() -> Images:
    images = torch.randint(256, (40, 1, 6, 6), generator=seeded(), dtype=torch.uint8)
    return Images(images, torch.zeros(40, dtype=torch.int64), ("noise",))


def run(recipe, directory, **options):
    return train(recipe, data(), data(), directory=directory, device=torch.device("cpu"), quiet=True, **options)


def saved(directory):
    """All that a state consists of: weights, their average, buffers, and both optimisers' moments."""
    return {name: value for path in sorted(directory.glob("state-*")) for name, value in load_file(path).items()}


def test_a_run_cut_in_three_ends_as_the_uninterrupted_one_to_the_last_moment(tmp_path, monkeypatch):
    whole = run(RECIPE, tmp_path / "whole")
    clock = iter(range(10**6))
    monkeypatch.setattr(loop, "monotonic", lambda: next(clock))  # every look at the clock costs a second
    parts = [run(RECIPE, tmp_path / "parts", max_minutes=0.3)]
    while not parts[-1].finished:
        assert len(parts) < 20
        parts.append(run(RECIPE, tmp_path / "parts", resume=True, max_minutes=0.3))
    assert len(parts) > 2
    one, other = saved(tmp_path / "whole"), saved(tmp_path / "parts")
    assert one.keys() == other.keys()
    assert all(torch.equal(value, other[name]) for name, value in one.items())
    for group in ("generator", "discriminator"):
        assert {f"optimizer.{group}.{index}.{kind}" for index in (0, 1) for kind in ("exp_avg", "exp_avg_sq")} <= set(
            one
        )
    assert int(one["optimizer.generator.0.step"]) == 12 and int(one["optimizer.discriminator.0.step"]) == 24
    buffers = dict(whole.model.named_buffers())
    assert int(buffers["steps"]) == 24 and not torch.equal(buffers["chain"], torch.full((2, 3, 2, 2), 0.5))
    assert all(torch.equal(one[f"average.{name}"], one[f"model.{name}"]) for name in buffers)


def test_a_loss_moves_its_own_group_alone(tmp_path):
    recipe = with_config(every=0)  # the generator never learns, though the discriminator's loss depends on it
    before, after = build_model(recipe).state_dict(), run(recipe, tmp_path).model.state_dict()
    for name in before:
        if name.startswith("generator."):
            assert torch.equal(before[name], after[name])
        if name.startswith("discriminator."):
            assert not torch.equal(before[name], after[name])


def test_a_groups_gradient_is_that_of_its_own_loss():
    """Taken by hand of each loss alone, and before any weight has moved."""
    model = build_model(RECIPE)
    losses = model.losses(Batch(data().images[:4], torch.full((4,), -1)), seeded())
    assert set(losses) == {"generator", "discriminator"}
    groups = {name: list(group) for name, group in model.parameter_groups().items()}
    expected = {}
    for name, group in groups.items():
        gradients = torch.autograd.grad(losses[name].value, group, retain_graph=True)
        expected[name] = [parameter - 0.1 * gradient for parameter, gradient in zip(group, gradients, strict=True)]
    take_step(losses, {name: torch.optim.SGD(group, lr=0.1) for name, group in groups.items()})
    for name, group in groups.items():
        for parameter, value in zip(group, expected[name], strict=True):
            assert torch.allclose(parameter, value)
            assert parameter.grad is None


def test_each_group_has_its_own_rate(tmp_path, monkeypatch):
    rates = []
    step = torch.optim.AdamW.step

    def watched(optimizer, *arguments):
        rates.append((len(optimizer.param_groups[0]["params"][0]), optimizer.param_groups[0]["lr"]))
        return step(optimizer, *arguments)

    monkeypatch.setattr(torch.optim.AdamW, "step", watched)
    run(RECIPE, tmp_path)
    assert [rate for size, rate in rates if size == 1] == [RECIPE.rate(step, "discriminator") for step in range(24)]
    assert [rate for size, rate in rates if size != 1] == [RECIPE.rate(step, "generator") for step in range(0, 24, 2)]
    assert max(RECIPE.rate(step, "generator") for step in range(24)) == 2e-3


def test_the_learning_curve_has_a_column_per_loss(tmp_path, monkeypatch):
    """Of the generator too, which rests in every second step, those among them at which the losses are looked at."""
    monkeypatch.setattr(loop, "SAVE_SECONDS", 0.0)
    monkeypatch.setattr(loop, "SHOW_STEPS", 4)
    run(replace(RECIPE, steps=8), tmp_path)
    with (tmp_path / "curve.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["step", "seconds", "generator_bits", "discriminator_nats"]
    assert [row["step"] for row in rows] == [str(step) for step in range(1, 9)]
    assert rows[2]["generator_bits"] == rows[2]["discriminator_nats"] == "nan"
    for row in rows[3:]:
        assert 0 < float(row["generator_bits"]) < 10 and 0 < float(row["discriminator_nats"]) < 10
    picture = (tmp_path / "curve.svg").read_text()
    assert "generator bits, last" in picture and "discriminator nats, last" in picture and "validation" not in picture


def test_a_loss_that_has_not_been_seen_yet_has_a_column_all_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "SAVE_SECONDS", 0.0)
    run(replace(with_config(every=0), steps=2), tmp_path)
    with (tmp_path / "curve.csv").open() as file:
        assert next(iter(csv.DictReader(file))).keys() == {"step", "seconds", "generator", "discriminator_nats"}


def test_parameters_in_no_group_are_refused(tmp_path):
    with pytest.raises(ValueError, match="parameter groups of a 'duel' must hold each of its parameters exactly once"):
        run(with_config(forgetful=True), tmp_path)


def test_a_loss_without_parameters_is_refused(tmp_path):
    with pytest.raises(
        ValueError, match=r"loss 'critic' belongs to no parameter group; there are generator, discriminator"
    ):
        run(with_config(stray=True), tmp_path)
