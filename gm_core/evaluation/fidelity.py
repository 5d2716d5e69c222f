"""The figures of drawn pictures: how far they are from real ones, and whether they are of the class asked for.

All is read from what the data set's own classifier makes of a picture: its features are the space in which the
distances of :mod:`gm_core.evaluation.distances` compare drawn pictures with test images. Each distance has a floor, of
as many training images in place of drawn ones, which no model of this data set can be asked to go below; and a
standard error. Beside them stands what a picture costs: processor time, and calls of the network.
"""

import logging
import math
from dataclasses import dataclass
from time import monotonic, process_time
from typing import Self

import torch
from torch import Tensor

from gm_core.checkpoints import CheckpointError, Metric, available, load
from gm_core.data.catalog import dataset_of
from gm_core.data.datasets import Images, Source, load_dataset
from gm_core.evaluation import distances
from gm_core.evaluation.batches import in_batches
from gm_core.evaluation.distances import Comparison, standard_error
from gm_core.models import Model
from gm_core.models.capabilities import Classifies, Configured, Samples, Streams
from gm_core.models.frames import PictureFrame
from gm_core.numerics import isolate
from gm_core.rendering import visible

PICTURES = (1000, 500, 200)
"""How many are drawn: the most that the time allows; fewer than features would say little of their covariance."""

BATCH = 50
"""Pictures drawn side by side; each of the numbers above holds it."""

SECONDS = 600.0
"""For drawing them; how long that takes is known from the first batch."""

USUAL = "as the model draws where nothing else is asked for"

DISTANCES: dict[str, tuple[str, str, Comparison]] = {
    "frechet_distance": ("Fréchet distance", "distance", distances.frechet_distance),
    "kernel_distance": ("kernel distance, cubic and unbiased,", "distance", distances.kernel_distance),
    "density": ("density, by the 5 nearest,", "ratio", distances.density),
    "coverage": ("coverage, by the 5 nearest,", "share", distances.coverage),
}
"""The distances by the names of their figures: in words, unit, and function."""


def measure(model: Samples, data: Images, quiet: bool) -> list[Metric]:
    """The distances with their floors, the share of right classes of a model that is asked for them, and what it costs.

    Args:
        model: The model.
        data: Images that it was not trained on.
        quiet: No progress bars.

    Returns:
        The figures; none, with a line in the log that says why, where there is no classifier of the data set, or too
        few test images, or the model draws too slowly.
    """
    try:
        source = _source(data)
        judge = Judge.of(model, source.dataset)
        n, costs = _number(model, data)
    except LookupError as reason:
        logging.getLogger(__name__).warning("no figure of drawn pictures: %s", reason.args[0])
        return []
    images, labels = some_of(data, n)
    train, _ = some_of(load_dataset(source.dataset, "train", source.directory), n)
    real, drawn, floor = (judge.features(part, quiet) for part in (images, draw(model, n, None, quiet), train))
    metrics = []
    for name, (title, unit, distance) in DISTANCES.items():
        for suffix, some, what in (
            ("", drawn, f"{n:,} drawn pictures, seed 0,"),
            ("_floor", floor, f"{n:,} training images"),
        ):
            protocol = (
                f"{title} of the features of {judge.name} between {what} and {n:,} test images, standard error "
                f"{standard_error(distance, real, some):.2g}"
            )
            metrics.append(Metric(name + suffix, distance(real, some), unit, protocol))
    if model.config.classes:
        asked = draw(model, n, labels, quiet)
        right, own = (float(judge.is_right(part, labels, quiet).mean()) for part in (asked, images))
        protocol = (
            f"share of {n:,} drawn pictures, seed 0, that {judge.name} reads as the class asked for; of as many test "
            f"images it reads {own:.4f} as their own, standard error {share_error(right, n):.2g}"
        )
        metrics.append(Metric("class_as_asked", right, "share", protocol))
    return metrics + costs


@dataclass(frozen=True, eq=False)
class Judge:
    """The classifier that looks at a model's pictures.

    Attributes:
        name: Its name.
        classifier: Itself; it has 256 levels.
        levels: Of the pictures that it is shown.
    """

    name: str
    classifier: Classifies
    levels: int

    @classmethod
    def of(cls, model: Configured, dataset: str) -> Self:
        """The one of a data set, or of the data set whose pictures these are in fewer levels.

        Args:
            model: The model whose pictures are to be judged.
            dataset: The data set's name.

        Raises:
            LookupError: There is none that can be used.
        """
        image, wanted = model.config.image, dataset_of(dataset).same_as or dataset
        try:
            for card in available():
                if card.dataset == wanted and card.has(Classifies):
                    own = card.model_config.image
                    if own.size == image.size and own.levels == 256:
                        return cls(card.name, load(card.name, model.device, what=Classifies), image.levels)
        except CheckpointError as error:
            raise LookupError(str(error)) from error
        raise LookupError(f"there is no classifier of {dataset}")

    def features(self, images: Tensor, quiet: bool = True) -> Tensor:
        """Where it sees pictures, (N, F)."""
        return in_batches(self.classifier.features, visible(images, self.levels), title="features", quiet=quiet)

    def is_right(self, images: Tensor, labels: Tensor, quiet: bool = True) -> Tensor:
        """Which pictures it reads as what they should be: 1 or 0 each, ``float64`` (N,)."""

        def answers(batch: Tensor) -> Tensor:
            return self.classifier.posterior(batch).logits.argmax(dim=1)

        read = in_batches(answers, visible(images, self.levels), title="p(y|x)", quiet=quiet)
        return (read == labels).double()


@isolate
def draw(model: Samples, n: int, labels: Tensor | None = None, quiet: bool = True) -> Tensor:
    """Draw pictures a batch at a time, the same whatever their number.

    Args:
        model: The model.
        n: How many.
        labels: Class of each, ``int64`` (n,).
        quiet: No progress bar.

    Returns:
        ``uint8`` (n, C, H, W).
    """
    generator = torch.Generator().manual_seed(0)
    labels = torch.full((n,), -1) if labels is None else labels
    return in_batches(
        lambda part: model.sample(len(part), part, generator=generator), labels, batch=BATCH, title="drawn", quiet=quiet
    )


def share_error(share: float, n: int) -> float:
    """The standard error of a share of n pictures, by Laplace's rule of succession: all of few are not all of many."""
    likely = (share * n + 1) / (n + 2)
    return math.sqrt(likely * (1 - likely) / n)


def _source(data: Images) -> Source:
    """Where images come from.

    Raises:
        LookupError: They are of no data set.
    """
    if data.source is None:
        raise LookupError("there is no classifier of these pictures")
    return data.source


def _number(model: Samples, data: Images) -> tuple[int, list[Metric]]:
    """How many pictures are to be drawn, as many of the test images being compared with; and what one costs.

    Raises:
        LookupError: Not even the least number.
    """
    allowed = [n for n in PICTURES if n <= len(data)]
    if not allowed:
        raise LookupError(f"{len(data)} test images are fewer than {PICTURES[-1]}")
    sets = 2 if model.config.classes else 1
    if isinstance(model, Model):
        model.warm_up(sets * allowed[0])
    calls = _calls(model)  # and whatever is only done once
    on_cpu = model.device.type == "cpu"
    clock = process_time if on_cpu else monotonic  # other programs may share a processor
    begin = clock()
    draw(model, BATCH)
    seconds = (clock() - begin) / BATCH
    threads = f"processor time, {torch.get_num_threads()} CPU thread(s)" if on_cpu else f"on {model.device.type}"
    time = f"{threads}, mean of {BATCH} pictures drawn side by side, {USUAL}"
    for n in allowed:
        if sets * n * seconds <= SECONDS:
            return n, [
                Metric("milliseconds_per_picture", 1000 * seconds, "ms", time),
                Metric("network_calls", calls, "calls", f"passes through the network for a picture, {USUAL}"),
            ]
    raise LookupError(f"{PICTURES[-1]} pictures would take {sets * PICTURES[-1] * seconds:.0f} s to draw")


def _calls(model: Samples) -> int:
    """How often a picture calls the network: as its last frame says; once for all layers, else once for every step."""
    if not isinstance(model, Streams):
        model.sample(1)
        return 1
    for frame in model.stream(1):
        last = frame
    return int(getattr(last, "calls", 1 if isinstance(last, PictureFrame) else last.total))


def some_of(data: Images, n: int) -> tuple[Tensor, Tensor]:
    """Pictures chosen at random, as a data set may be in the order of its classes, and their labels."""
    index = torch.randperm(len(data), generator=torch.Generator().manual_seed(0))[:n]
    return data.pictures(index), data.labels[index]
