"""The tab's handlers, over small models."""

from collections.abc import Iterator

import pytest

from demo.noise.drawings import Drawings
from demo.noise.handlers import NoiseHandlers
from demo.shared.models import Models
from tests.demo.noise.helpers import make_models


@pytest.fixture(scope="package")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NoiseHandlers]:
    """The handlers; the small models are the shipped ones while they run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GM_CHECKPOINTS", str(make_models(tmp_path_factory.mktemp("checkpoints"))))
        yield NoiseHandlers(Drawings(Models.on("cpu")))
