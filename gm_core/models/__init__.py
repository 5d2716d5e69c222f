"""The field, chapter by chapter: networks and mathematics, without disk or cards.

A family is a folder here with a file of recipes. Whatever lies in one is imported, and so registered, with this
package; see ``docs/adding-a-family.md``. What several families share has no recipes.
"""

import importlib
import pkgutil
from importlib.util import find_spec

from gm_core.models.base import FAMILIES, Batch, ImageShape, Loss, Model, ModelConfig, register

CHAPTERS: tuple[str, ...] = tuple(
    f"{__name__}.{module.name}"
    for module in pkgutil.iter_modules(__path__)
    if module.ispkg and find_spec(f"{__name__}.{module.name}.recipes")
)
"""The families' packages."""

for _chapter in CHAPTERS:
    importlib.import_module(_chapter)

__all__ = ["CHAPTERS", "FAMILIES", "Batch", "ImageShape", "Loss", "Model", "ModelConfig", "register"]
