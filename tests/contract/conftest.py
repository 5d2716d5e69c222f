"""The tiny models that the contract is checked on."""

import pytest
import torch

from gm_core.models import Model


@pytest.fixture
def model(request) -> Model:
    """An untrained model, in eval mode; every parameter a little off its initial value, as training leaves it."""
    family, config = request.param
    torch.manual_seed(0)
    made = family(config)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    return made.eval()
