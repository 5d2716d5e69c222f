"""An autoencoder rebuilds what it was trained on, and says what it cannot take."""

import math

import pytest
import torch

from gm_core import Autoencoder, AutoencoderConfig
from gm_core.data.datasets import Images
from gm_core.evaluation import evaluate
from gm_core.models import ImageShape
from tests.helpers import loss_of, seeded


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    """Four squares, one in each corner."""
    squares = torch.zeros(4, 1, 8, 8, dtype=torch.uint8)
    for index, square in enumerate(squares[:, 0]):
        row, column = 4 * (index // 2), 4 * (index % 2)
        square[row : row + 4, column : column + 4] = 255
    return squares


@pytest.fixture(scope="module")
def model(images) -> Autoencoder:
    torch.manual_seed(0)
    model = Autoencoder(AutoencoderConfig(image=ImageShape(height=8, width=8), latent=2, width=4, hidden=16))
    optimiser = torch.optim.Adam(model.parameters(), 1e-2)
    for _ in range(200):
        optimiser.zero_grad()
        loss_of(model, images, torch.zeros(4)).backward()
        optimiser.step()
    return model.eval().requires_grad_(False)


def test_it_rebuilds_what_it_was_trained_on(model, images):
    codes = model.code(images)
    assert codes.shape == (4, 2)
    rebuilt = model.decode(codes)
    assert rebuilt.shape == images.shape and rebuilt.dtype == torch.float32
    assert torch.equal(rebuilt > 127.5, images > 127)
    error = (rebuilt - images).square().mean().sqrt()
    assert error < 40
    # The loss and the card's figure are this error in other units.
    loss = loss_of(model, images, torch.zeros(4))
    assert float(loss) == pytest.approx(64 * (float(error) / 127.5) ** 2, rel=1e-4)
    (metric,) = evaluate(model, Images(images, torch.zeros(4, dtype=torch.int64), ("square",)), quiet=True)
    assert (metric.name, metric.unit) == ("reconstruction_error", "grey levels")
    assert metric.value == pytest.approx(float(error), rel=1e-4)


def test_samples_repeat_with_the_seed(model):
    samples = model.sample(8, generator=seeded())
    assert samples.dtype == torch.uint8 and samples.shape == (8, 1, 8, 8)
    assert torch.equal(samples, model.sample(8, generator=seeded()))
    assert torch.equal(samples[:1], model.sample(1, generator=seeded()))
    assert not torch.equal(samples, model.sample(8, generator=seeded(1)))
    z = torch.stack([torch.randn(2, generator=seeded())])
    assert torch.equal(
        model.sample(1, generator=seeded(), temperature=0.5),
        model.decode(0.5 * z).round().clamp(0, 255).to(torch.uint8),
    )


def test_wrong_input_is_named(model):
    picture = torch.zeros(1, 1, 8, 8, dtype=torch.uint8)
    with pytest.raises(ValueError, match="8x8, not 9x9"):
        model.code(torch.zeros(1, 1, 9, 9, dtype=torch.uint8))
    with pytest.raises(ValueError, match="must be uint8"):
        model.code(picture.float())
    with pytest.raises(ValueError, match="must be uint8"):
        model.code(picture.expand(-1, 3, -1, -1))
    with pytest.raises(ValueError, match=r"\(B, 2\)"):
        model.decode(torch.zeros(1, 3))
    with pytest.raises(ValueError, match="finite"):
        model.decode(torch.tensor([[0.0, math.inf]]))
    with pytest.raises(ValueError, match="at least 1"):
        model.sample(0)
    with pytest.raises(ValueError, match="temperature"):
        model.sample(1, temperature=0)
    with pytest.raises(ValueError, match="multiples of 4"):
        AutoencoderConfig(image=ImageShape(width=30))
    with pytest.raises(ValueError, match="cannot have"):
        AutoencoderConfig(latent=0)
