"""Seeds for a first sight: for which a classifier reads every picture of a model as the class that was asked for.

``python -m gm_core.studies.first_seeds mnist-pixelcnn`` looks for one; it belongs into the data set's record, in
:attr:`gm_core.data.catalog.Seeds.drawings`. Look again after the model was trained anew.
"""

import sys
from collections.abc import Iterable
from itertools import islice

import torch
from torch import Tensor

from gm_core.checkpoints import load, read_card
from gm_core.data.catalog import dataset_of
from gm_core.models.autoregressive import Autoregressive
from gm_core.models.autoregressive.sampling import draw_noise, rebuild
from gm_core.models.capabilities import Classifies
from gm_core.rendering import visible

TRIED, ENOUGH = 4000, 8
"""Seeds that are tried at most, and legible ones that are compared, where nothing else is said."""


def one_of_each(model: Autoregressive, seed: int) -> Tensor:
    """Pictures of any class and of each class, all drawn with the same random numbers.

    Args:
        model: A model with classes.
        seed: Of the random numbers.

    Returns:
        ``uint8`` (1 + classes, C, H, W), the one of any class first.
    """
    labels = torch.arange(-1, model.config.classes)
    channels, height, width = model.config.image.size
    noise = draw_noise(1, height, width, torch.Generator().manual_seed(seed), channels)
    return rebuild(model.stream(len(labels), labels, noise=noise, chunk=width), height, width)[0]


def read_probabilities(classifier: Classifies, images: Tensor, levels: int) -> Tensor:
    """What a classifier makes of a model's pictures: probabilities of the classes, ``float32`` (n, classes).

    Args:
        classifier: Of the pictures' data set.
        images: ``uint8`` (n, C, H, W), in the model's levels.
        levels: Of a pixel, by the model.
    """
    with torch.inference_mode():
        return classifier.posterior(visible(images, levels)).probs.cpu()


def legibility(model: Autoregressive, classifier: Classifies, seed: int) -> float:
    """How sure a classifier is of the worst picture of a seed: 0 if it reads any as another class than asked for."""
    p = read_probabilities(classifier, one_of_each(model, seed), model.config.image.levels)
    asked = torch.arange(model.config.classes)
    if not torch.equal(p[1:].argmax(dim=1), asked):
        return 0.0
    return float(torch.cat([p[:1].amax(dim=1), p[1:].diagonal()]).min())


def find_seed(
    model: Autoregressive, classifier: Classifies, seeds: Iterable[int] = range(TRIED), enough: int = ENOUGH
) -> tuple[int, float]:
    """The seed of which the classifier is surest, of the first that it can read.

    Args:
        model: A model with classes.
        classifier: Of the same classes.
        seeds: To be tried.
        enough: How many legible ones to compare.

    Returns:
        The seed, and how legible it is.

    Raises:
        ValueError: No seed is legible.
    """
    tried = ((seed, legibility(model, classifier, seed)) for seed in seeds)
    found = list(islice((pair for pair in tried if pair[1] > 0), enough))
    if not found:
        raise ValueError("the classifier reads not one seed's pictures as what was asked for; try more seeds")
    return max(found, key=lambda pair: pair[1])


def main(names: list[str]) -> None:
    """Print the best seed of each model."""
    for name in names:
        record = dataset_of(read_card(name).dataset)
        classifier = load(dataset_of(record.same_as or record.name).classifier, "cpu", what=Classifies)
        seed, sure = find_seed(load(name, "cpu", what=Autoregressive), classifier)
        print(f"{name}: seed {seed}, of whose worst picture the classifier is {sure:.1%} sure", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
