"""What the view "The field" is told: the fields' own velocities, ways and densities; and what it refuses."""

import base64
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from demo.base.errors import InputError
from demo.noise.field import figures, kinds
from demo.noise.field_answers import (
    ARROW_UNIT,
    ARROWS,
    CELLS,
    DEEPEST,
    PARTS,
    PLACE_UNIT,
    POINTS,
    TIMES,
    FieldAnswers,
)
from demo.shared.models import Models
from demo.shared.plane import MAP
from gm_core import read_card
from gm_core.models.latents import draw_latents
from gm_core.models.ode import arrive, even_times, late_times
from gm_core.studies.field import KINDS
from tests.demo.noise.plane import make_plane

QUESTION: dict[str, Any] = {
    "kind": "straight", "label": -1, "steps": 4, "solver": "heun", "seed": 7, "part": 1, "slice": 5, "point": 60,
    "count": 17, "z": [0.5, -0.5],
}  # fmt: skip
PART = POINTS // PARTS


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FieldAnswers]:
    """The answers, over a small plane."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GM_CHECKPOINTS", str(make_plane(tmp_path_factory.mktemp("plane"))))
        yield FieldAnswers(Models.on("cpu"))


def shorts(text: str, unit: float) -> Tensor:
    return torch.from_numpy(np.frombuffer(base64.b64decode(text), "<i2").astype(np.float64)) * unit


def start(part: slice) -> Tensor:
    return draw_latents(POINTS, 2, torch.Generator().manual_seed(7)).double()[part]


@pytest.mark.parametrize("kind", KINDS)
def test_points_go_as_the_solver_says_and_their_exact_ends_are_those_of_many_steps(answers, kind) -> None:
    answer = answers.swarm(QUESTION | {"kind": kind})
    paths = shorts(answer["paths"], PLACE_UNIT).view(PART, 5, 2)
    field, z = answers.study.field(kind, -1), start(slice(PART, 2 * PART))
    torch.testing.assert_close(paths[:, 0], z, atol=PLACE_UNIT, rtol=0)
    expected = arrive(field.velocity, z, even_times(4), "heun")
    torch.testing.assert_close(paths[:, -1], expected, atol=PLACE_UNIT, rtol=0)
    ends = shorts(answer["ends"], PLACE_UNIT).view(PART, 2)
    best = arrive(field.velocity, z, late_times(128))
    assert float((ends - best).norm(dim=1).median()) < 0.01
    assert answer["labels"] == answers.study.mixture.class_probs(best, 10).argmax(dim=1).tolist()
    assert answers.swarm(QUESTION | {"kind": kind}) == answer
    assert set(answers.swarm(QUESTION | {"kind": kind, "label": 3})["labels"]) == {3}


@pytest.mark.parametrize("kind", KINDS)
def test_arrows_and_densities_are_the_fields_from_the_top_left_on(answers, kind) -> None:
    field, window = answers.study.field(kind, 2), answers.window
    question = QUESTION | {"kind": kind, "label": 2}
    arrows = shorts(answers.arrows(question)["arrows"], ARROW_UNIT).view(len(TIMES), ARROWS, ARROWS, 2)
    half, top = window.span / ARROWS / 2, window.low[1] + window.span
    corner = torch.tensor([[window.low[0] + half, top - half]])
    torch.testing.assert_close(arrows[5, 0, 0], field.velocity(corner, TIMES[5])[0], atol=ARROW_UNIT, rtol=0)
    levels = np.frombuffer(base64.b64decode(answers.density(question)["levels"]), np.uint8).reshape(CELLS, CELLS)
    log_p = field.log_prob(window.grid(CELLS), TIMES[5]).view(CELLS, CELLS)
    expected = 255 * (1 + (log_p - log_p.max()) / DEEPEST).clamp(0, 1)
    assert np.abs(levels - expected.numpy()).max() <= 0.51 and levels.max() == 255


@pytest.mark.parametrize("kind", KINDS)
def test_a_points_way_has_its_pictures_and_log_p_which_is_exact_where_the_solver_is(answers, kind) -> None:
    answer = answers.way(QUESTION | {"kind": kind, "steps": 64, "solver": "rk4"})
    pictures = np.frombuffer(base64.b64decode(answer["pictures"]), np.uint8)
    assert len(answer["log_p"]) == len(answer["exact"]) == 65 and pictures.size == 65 * 784
    z = start(slice(60, 61))
    assert answer["log_p"][0] == pytest.approx(float(-0.5 * z.square().sum() - math.log(2 * math.pi)), abs=2e-3)
    known = [(ours, exact) for ours, exact in zip(answer["log_p"], answer["exact"], strict=True) if exact is not None]
    assert len(known) == 17 and answer["exact"][-1] is not None
    assert all(ours == pytest.approx(exact, abs=0.05) for ours, exact in known)
    end = arrive(answers.study.field(kind, -1).velocity, z, even_times(64), "rk4").float()
    last = answers.models.latent(MAP).render(end).numpy()
    assert np.abs(pictures[-784:].astype(int) - last.reshape(-1)).max() <= 1


def test_what_lies_in_the_plane_is_told_and_decoded(answers) -> None:
    plane, mixture = answers.plane({}), answers.study.mixture
    places = np.frombuffer(base64.b64decode(plane["dots"]), "<u2").reshape(-1, 2)
    window = answers.window
    inside = [window.holds(z) for z in mixture.means.float()]
    assert len(places) == len(base64.b64decode(plane["labels"])) == sum(inside) > 0
    assert answers.tiles(QUESTION)["sprite"].startswith("data:image/png;base64,")
    shown = np.frombuffer(base64.b64decode(answers.look(QUESTION)["pictures"]), np.uint8)
    expected = answers.models.latent(MAP).render(torch.tensor([[0.5, -0.5]])).numpy().reshape(-1)
    assert (shown == expected).all()


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("swarm", {"kind": "crooked"}, "Choose a field: straight, diffusion, learned."),
        ("arrows", {"kind": ["straight"]}, "Choose a field"),
        ("density", {"label": 10}, "class is a whole number from 0 to 9, or -1"),
        ("arrows", {"label": float("nan")}, "class is"),
        ("arrows", {"label": True}, "class is"),
        ("way", {"label": 10**400}, "class is"),
        ("swarm", {"steps": 3}, "steps must be one of 1, 2, 4, 8, 16, 32, 64"),
        ("swarm", {"steps": True}, "steps must be"),
        ("swarm", {"steps": 1e9}, "steps must be"),
        ("way", {"steps": [4]}, "steps must be"),
        ("way", {"solver": "dopri5"}, "solver must be one of euler, heun, rk4"),
        ("way", {"solver": None}, "solver must be"),
        ("swarm", {"seed": -1}, "seed is a whole number"),
        ("swarm", {"part": PARTS}, "part is a whole number from 0 to 3"),
        ("swarm", {"part": "0"}, "part is"),
        ("way", {"point": POINTS}, "point is a whole number from 0 to 199"),
        ("density", {"slice": len(TIMES)}, "slice is a whole number"),
        ("tiles", {"count": 999}, "17 or 51 pictures per edge"),
        ("look", {"z": [0.0]}, "point of this map is two numbers"),
        ("look", {"z": [float("nan"), 0.0]}, "two numbers"),
    ],
    ids=str,
)
def test_a_bad_question_gets_one_sentence(answers, name, change, words) -> None:
    with pytest.raises(InputError, match=words):
        answers.functions()[name](QUESTION | change)


def test_what_is_said_of_the_fields_is_on_the_card(answers) -> None:
    card = read_card("mnist-vae2d-field")
    assert f"{card.parameters:,} numbers" in kinds(card)[-1]["idea"] and [kind["name"] for kind in kinds(card)] == [
        *KINDS
    ]
    assert f"{card.value('ffjord_nats'):.2f}".lstrip("-") in figures(card)
