"""What the page draws before a visitor has chosen anything is what it says it is."""

import pytest

from demo.draw.drawings import Drawings
from demo.shared.models import Models
from gm_core.data.preparation import PHOTOGRAPHS
from gm_core.studies.first_seeds import legibility

MODELS = Models.on("cpu")
DRAWINGS = Drawings(MODELS)
LEGIBLE = [name for name, card in DRAWINGS.cards.items() if card.class_names and card.record.form is not PHOTOGRAPHS]
"""Models with classes; what a photograph of 32 pixels shows, neither model nor classifier is sure of."""


@pytest.mark.parametrize("name", LEGIBLE)
def test_a_classifier_reads_every_class_of_a_models_first_seed_as_asked(name: str) -> None:
    classifier = DRAWINGS.reader(name)
    assert classifier is not None
    assert legibility(MODELS.autoregressive(name), classifier, DRAWINGS.seed(name)) > 0
