"""The mean of many pictures: of what the model draws, and no more than it may cost."""

from typing import Any

import pytest
import torch

import gm_core
from demo.base.errors import InputError
from demo.draw.drawings import EACH, NAME, Drawings
from demo.draw.mean import MOST_OF_MEAN, PART, add_to_mean
from demo.draw.starts import Start
from demo.shared.models import Models

ASKED = {"label": "3", "temperature": 1.0, "seed": 1, "pictures": "1", "model": NAME, "guidance": 1.0, "count": 0}


@pytest.fixture(scope="module")
def drawings() -> Drawings:
    gm_core.warm_up()
    return Drawings(Models.on("cpu"))


def mean_of(drawings: Drawings, **changes: Any) -> torch.Tensor:
    answer = add_to_mean(drawings, ASKED | changes)
    assert answer["count"] == PART
    return torch.tensor(answer["sums"]).view(28, 28) / answer["count"]


def test_it_is_of_the_pictures_that_the_model_draws_of_that_class(drawings: Drawings) -> None:
    model = drawings.models.autoregressive(NAME)
    first = mean_of(drawings)
    torch.testing.assert_close(first, mean_of(drawings), rtol=0, atol=0)
    assert not torch.equal(first, mean_of(drawings, count=PART))
    others = model.sample(100, torch.full((100,), 3), torch.Generator().manual_seed(5)).float()
    spread = others.std(dim=0) * (1 / PART + 1 / 100) ** 0.5
    z = (first - others.mean(dim=0))[0] / spread[0].clamp(min=1)
    assert float(z.abs().mean()) < 1.2  # of a standard normal 0.8
    # And of no other class.
    assert float((first - mean_of(drawings, label="1")).abs().mean()) > 2 * float(
        (first - others.mean(dim=0)).abs().mean()
    )


def test_what_is_given_stays_as_it_is(drawings: Drawings) -> None:
    image = drawings.models.autoregressive(NAME).sample(1, torch.tensor([3]), torch.Generator().manual_seed(1))
    mean = mean_of(drawings, start=Start.upper_half(image).message())
    torch.testing.assert_close(mean[:14], image[0, 0, :14].float(), rtol=0, atol=0)
    assert int((mean[14:] != image[0, 0, 14:]).sum()) > 50
    again = mean_of(drawings, start=Start.upper_half(image, dice=1).message())
    assert not torch.equal(mean, again)  # new dice


def test_one_of_each_class_takes_them_in_turn(drawings: Drawings) -> None:
    each, one = mean_of(drawings, pictures=EACH), mean_of(drawings)
    assert float((each - one).abs().mean()) > 5


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"count": 7}, "multiple of 50"),
        ({"count": -PART}, "multiple of 50"),
        ({"count": MOST_OF_MEAN}, "fewer than 1000"),
        ({"count": None}, "multiple of 50"),
        ({"count": True}, "multiple of 50"),
        ({"model": "cifar10-pixelcnnpp", "label": "any"}, "too long to draw"),
        ({"seed": -1}, "The seed must be"),
        ({"start": [1]}, "784 whole numbers"),
    ],
)
def test_what_cannot_be_is_refused(drawings: Drawings, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        add_to_mean(drawings, ASKED | changes)
