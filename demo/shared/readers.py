"""The classifier that reads what a model has drawn."""

import logging

from demo.shared.models import Models
from gm_core import Card, CheckpointError, Classifies
from gm_core.data.catalog import dataset_of


def reader_of(models: Models, card: Card) -> Classifies | None:
    """The classifier of a model's data set; ``None`` where there is none of its pictures and classes.

    Args:
        models: The app's models.
        card: Of the model.
    """
    record = card.record
    classifier = dataset_of(record.same_as or record.name).classifier
    if not models.has(classifier):
        return None
    try:
        reader = models.classifier(classifier)
    except CheckpointError as error:
        logging.getLogger(__name__).warning("%s", error)
        return None
    own, other = (card.model_config.image.size, len(card.class_names)), reader.config
    return reader if own == (other.image.size, other.classes) else None
