"""What other tabs are told of a model's pictures."""

from collections.abc import Iterable

from demo.shared.models import Models
from demo.widgets.base import Taken
from gm_core import Card


def taken(models: Models, cards: Iterable[Card]) -> dict[str, Taken]:
    """What other tabs are told of the pictures of some models, by their names."""
    sizes = {card.model_config.image.size for card in models.autoregressives()}
    return {card.name: {"dataset": card.dataset, "draw": card.model_config.image.size in sizes} for card in cards}
