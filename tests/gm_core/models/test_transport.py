"""What models that carry noise to pictures have in common, on the shipped ones."""

import pytest
import torch

import gm_core
from gm_core.models.transport import Transport
from tests.helpers import seeded


@pytest.fixture
def picture() -> torch.Tensor:
    """A bar with soft edges, which is likely enough."""
    image = torch.zeros(1, 1, 28, 28, dtype=torch.uint8)
    image[..., 5:23, 12], image[..., 5:23, 13], image[..., 5:23, 14] = 120, 250, 90
    return image


@pytest.mark.parametrize("name", ["mnist-diffusion", "mnist-flow-matching"])
def test_twice_as_many_steps_hardly_change_an_estimate(picture: torch.Tensor, name: str) -> None:
    """With a solver's error of tens of nats, as along the velocity itself, it would be no estimate of anything."""
    model = gm_core.load(name, "cpu")
    assert isinstance(model, Transport)
    steps = model.config.likelihood_steps
    few, many = (model.estimate(picture, generator=seeded(), steps=count).value for count in (steps, 2 * steps))
    assert float((few - many).abs()) < 3  # of some hundred nats: 0.006 bits a pixel
