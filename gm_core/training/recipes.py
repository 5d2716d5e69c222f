"""All recipes: how each shipped checkpoint was trained, collected from the families' own ``recipes.py``."""

import importlib

from gm_core.models import CHAPTERS
from gm_core.models.recipe import Recipe

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe for chapter in CHAPTERS for recipe in importlib.import_module(f"{chapter}.recipes").RECIPES
}
"""Every recipe by the name of the checkpoint that it makes."""

__all__ = ["RECIPES", "Recipe"]
