"""How many steps a model needs: what its pictures are worth after few and after many, and with more or less guidance.

A model that takes any number of steps (:class:`~gm_core.models.capabilities.Paced`) is asked for the same pictures over
and over, of the same noise: by each of its methods in ever more steps, then by its usual one with every weight of the
class. Each time they are compared with test images as :mod:`gm_core.evaluation.fidelity` does it.
"""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from gm_core.checkpoints import Card, CheckpointError, Metric, load, read_card
from gm_core.data.datasets import Images, load_dataset
from gm_core.evaluation.distances import coverage, frechet_distance, standard_error
from gm_core.evaluation.fidelity import BATCH, Judge, share_error, some_of
from gm_core.models.capabilities import Paced
from gm_core.numerics import isolate
from gm_core.studies.store import Measurement, Stored, StudyFamily, register

STATIONS = (1, 2, 4, 8, 16, 32, 64, 128, 250)
"""Numbers of steps."""

MOST_CALLS = 250
"""Calls of the network for a picture; a method that calls it more than once in a step ends at as many steps as fit."""

GUIDANCES = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0)

PICTURES = 200
"""Drawn at each place; as many test images are what they are compared with."""

DISTANCES = {"frechet_distance": frechet_distance, "coverage": coverage}
AGREEMENT = "class_as_asked"
GUIDED = "guidance"
"""What the curve over guidance is called among the methods'."""


@dataclass(frozen=True, eq=False)
class Curve:
    """What pictures are worth from place to place.

    Attributes:
        at: The places: numbers of steps, or weights of the class, ``float64`` (S,).
        calls: Calls of the network for a picture, ``int64`` (S,); with a guidance other than 1 each is two passes.
        milliseconds: Processor time for a picture, ``float64`` (S,).
        figures: Each figure and its standard error, ``float64`` (S, 2), by name.
    """

    at: Tensor
    calls: Tensor
    milliseconds: Tensor
    figures: dict[str, Tensor]


@dataclass(frozen=True, eq=False)
class PaceStudy:
    """What was found about a model.

    Attributes:
        methods: A curve over the number of steps for each method.
        guidance: The curve over guidance; ``None`` where the model knows no classes.
        guided: The method and the number of steps of that curve.
        floors: The same figures of as many real pictures, each with its standard error: of training images of the same
            classes, and for the share that is read as asked of the test images themselves.
        pictures: How many were drawn at each place.
    """

    methods: dict[str, Curve]
    guidance: Curve | None
    guided: tuple[str, int]
    floors: dict[str, tuple[float, float]]
    pictures: int


def stations(calls: int) -> list[int]:
    """The numbers of steps of a method that are measured.

    Args:
        calls: Calls of the network in a step.
    """
    most = MOST_CALLS // calls
    return [*(steps for steps in STATIONS if steps < most), most]


def usual(family: type[Paced]) -> tuple[str, int]:
    """The method and the number of steps by which a family draws where nothing else is asked for."""
    parameters = inspect.signature(family.stream).parameters
    return str(parameters["sampler"].default), int(parameters["steps"].default)


@isolate
def make_pace(
    name: str,
    train: Images,
    test: Images,
    *,
    device: torch.device,
    directory: Path,
    pictures: int = PICTURES,
    quiet: bool = False,
) -> Card:
    """Measure a model at every number of steps, and save the curves.

    Args:
        name: The model: one that takes any number of steps.
        train: Images it was trained on, for the floors.
        test: Images it was not trained on.
        device: Where to run.
        directory: Where the model lies, and where the study goes, as ``NAME-pace``.
        pictures: How many are drawn at each place.
        quiet: No progress bar.

    Returns:
        The study's card.

    Raises:
        CheckpointError: The model is missing, takes no choice of steps, or has no classifier to judge its pictures.
    """
    model, card = load(name, device, directory, what=Paced), read_card(name, directory)
    study = measure(model, card.dataset, train, test, pictures, quiet)
    return save_pace(name, study, directory, card.class_names)


def save_pace(name: str, study: PaceStudy, directory: Path, class_names: Sequence[str]) -> Card:
    """Write a study beside its model.

    Args:
        name: The model.
        study: What was found.
        directory: Where the model lies and the study goes.
        class_names: What each label means.

    Returns:
        The card as written.
    """
    curves = study.methods | ({GUIDED: study.guidance} if study.guidance else {})
    tensors = {f"floor.{figure}": torch.tensor(pair, dtype=torch.float64) for figure, pair in study.floors.items()}
    for title, curve in curves.items():
        tensors |= {f"{title}.{part}": getattr(curve, part) for part in ("at", "calls", "milliseconds")}
        tensors |= {f"{title}.{figure}": values for figure, values in curve.figures.items()}
    return PACES.save(
        name,
        tensors,
        directory,
        description="Pictures after few steps and after many, and with more or less guidance, beside test images",
        split=f"{study.pictures:,} pictures at each place, against as many test images; floors of training images",
        metrics=figures(study),
        class_names=class_names,
        settings={
            "pictures": study.pictures,
            "methods": list(study.methods),
            "guided": list(study.guided),
            "figures": list(study.floors),
        },
    )


@isolate
def measure(
    model: Paced, dataset: str, train: Images, test: Images, pictures: int = PICTURES, quiet: bool = False
) -> PaceStudy:
    """Draw the same pictures at every place, and compare them with test images.

    Args:
        model: The model.
        dataset: Name of the data set whose classifier looks at the pictures.
        train: Images it was trained on.
        test: Images it was not trained on; where there are fewer than ``pictures``, no more are drawn.
        pictures: How many are drawn at each place.
        quiet: No progress bar.

    Raises:
        CheckpointError: There is no such classifier.
    """
    try:
        judge = Judge.of(model, dataset)
    except LookupError as reason:
        raise CheckpointError(f"{reason.args[0]}: train one to judge the drawn pictures") from reason
    pictures = min(pictures, len(test), len(train))
    real, labels = some_of(test, pictures)
    asked = labels if model.config.classes else torch.full_like(labels, -1)
    points = judge.features(real)

    def compare(images: Tensor) -> dict[str, tuple[float, float]]:
        """Each figure with its standard error."""
        seen = judge.features(images)
        found = {one: (way(points, seen), standard_error(way, points, seen)) for one, way in DISTANCES.items()}
        if not model.config.classes:
            return found
        right = float(judge.is_right(images, labels).mean())
        return {AGREEMENT: (right, share_error(right, pictures)), **found}

    floors = compare(_alike(train, labels) if model.config.classes else some_of(train, pictures)[0])
    if model.config.classes:  # of the test images, whose labels are those that are asked for
        own = float(judge.is_right(real, labels).mean())
        floors[AGREEMENT] = own, share_error(own, pictures)
    method, steps = usual(type(model))
    work: dict[str, list[dict[str, Any]]] = {
        one: [{"steps": n, "sampler": one} for n in stations(calls)] for one, calls in model.methods.items()
    }
    if model.config.classes:
        work[GUIDED] = [{"steps": steps, "sampler": method, "guidance": weight} for weight in GUIDANCES]
    curves = {}
    with tqdm(total=sum(map(len, work.values())), desc="places", disable=quiet) as bar:
        for title, places in work.items():
            rows = []
            for options in places:
                images, calls, milliseconds = _draw(model, asked, options)
                rows.append((options[GUIDED if title == GUIDED else "steps"], calls, milliseconds, compare(images)))
                bar.update()
            curves[title] = _curve(rows)
    return PaceStudy(
        methods={one: curve for one, curve in curves.items() if one != GUIDED},
        guidance=curves.get(GUIDED),
        guided=(method, steps),
        floors=floors,
        pictures=pictures,
    )


def figures(study: PaceStudy) -> list[Metric]:
    """The figures of a study's card: its floors, the end of each curve, and how soon that end is reached."""
    by = f"{study.pictures:,} drawn pictures, seed 0, classes as in as many test images"
    metrics = []
    for name, (value, error) in study.floors.items():
        real = "test images, read as their own class" if name == AGREEMENT else "training images of the same classes"
        protocol = f"{study.pictures:,} {real}, standard error {error:.2g}"
        metrics.append(Metric(f"{name}_floor", value, _UNITS[name], protocol))
    for method, curve in study.methods.items():
        for name, values in curve.figures.items():
            value, error = values[-1].tolist()
            protocol = f"by {method} in {int(curve.at[-1])} steps, {by}, standard error {error:.2g}"
            metrics.append(Metric(f"{name}_{method}", value, _UNITS[name], protocol))
        distances, errors = curve.figures["frechet_distance"].unbind(dim=1)
        best = int(distances.argmin())
        enough = int((distances <= distances[best] + errors[best]).nonzero()[0])
        protocol = f"by {method}: the fewest within one standard error of its least Fréchet distance, {by}"
        metrics.append(Metric(f"enough_calls_{method}", float(curve.calls[enough]), "calls", protocol))
    if study.guidance:
        best = int(study.guidance.figures["frechet_distance"][:, 0].argmin())
        method, steps = study.guided
        protocol = f"weight of the class with the least Fréchet distance, by {method} in {steps} steps, {by}"
        metrics.append(Metric("best_guidance", float(study.guidance.at[best]), "weight", protocol))
    return metrics


_UNITS = {AGREEMENT: "share", "frechet_distance": "distance", "coverage": "share"}


def _alike(data: Images, labels: Tensor) -> Tensor:
    """Pictures chosen at random with as many of each class as there are among some labels, as drawn ones have.

    Of other shares of the classes, real pictures would be farther from each other than drawn ones need be.
    """
    order = torch.randperm(len(data), generator=torch.Generator().manual_seed(0))
    own = data.labels[order]
    return data.pictures(torch.cat([order[own == label][:count] for label, count in enumerate(labels.bincount())]))


def _draw(model: Paced, labels: Tensor, options: Mapping[str, Any]) -> tuple[Tensor, int, float]:
    """Pictures of these classes, of the same noise whatever the options; calls and milliseconds for each."""
    generator = torch.Generator().manual_seed(0)
    parts, calls, begin = [], 0, process_time()
    for part in labels.split(BATCH):
        last: Any
        *_, last = model.stream(len(part), part, generator=generator, **options)
        parts.append(last.images)
        calls = last.calls
    return torch.cat(parts), calls, 1000 * (process_time() - begin) / len(labels)


def _curve(rows: list[tuple[float, int, float, dict[str, tuple[float, float]]]]) -> Curve:
    at, calls, milliseconds, found = zip(*rows, strict=True)
    return Curve(
        at=torch.tensor(at, dtype=torch.float64),
        calls=torch.tensor(calls),
        milliseconds=torch.tensor(milliseconds, dtype=torch.float64),
        figures={name: torch.tensor([one[name] for one in found], dtype=torch.float64) for name in found[0]},
    )


class PaceFamily(StudyFamily[PaceStudy]):
    """Steps against quality: each of one model."""

    family = "pace"
    noun = "a study of steps"
    command = "pace"

    def sources(self, subject: str) -> dict[str, str]:
        """The model alone: what was drawn and judged is kept as figures."""
        return {"model": subject}

    def parse(self, stored: Stored) -> PaceStudy:
        """A study from its tensors and what its card says of them."""
        config = stored.card.config
        names = [str(name) for name in config["figures"]]

        def curve(title: str) -> Curve:
            at = stored.tensor(f"{title}.at", None)
            return Curve(
                at=at,
                calls=stored.tensor(f"{title}.calls", len(at)),
                milliseconds=stored.tensor(f"{title}.milliseconds", len(at)),
                figures={name: stored.tensor(f"{title}.{name}", len(at), 2) for name in names},
            )

        method, steps = config["guided"]
        return PaceStudy(
            methods={str(title): curve(title) for title in config["methods"]},
            guidance=curve(GUIDED) if f"{GUIDED}.at" in stored.tensors else None,
            guided=(str(method), int(steps)),
            floors=dict(_floors(stored, names)),
            pictures=int(config["pictures"]),
        )

    def evaluate(
        self, subject: str, *, data_dir: Path | None, limit: int | None, device: str | torch.device
    ) -> Measurement:
        """Draw and compare again; it takes as long as the study did."""
        card = read_card(subject)
        train, test = (load_dataset(card.dataset, split, data_dir) for split in ("train", "test"))
        pictures = int(read_card(self.name(subject)).config["pictures"])
        model = load(subject, device, what=Paced)
        return Measurement(figures(measure(model, card.dataset, train, test.first(limit), pictures)))


def _floors(stored: Stored, names: list[str]) -> Iterator[tuple[str, tuple[float, float]]]:
    for name in names:
        value, error = stored.tensor(f"floor.{name}", 2).tolist()
        yield name, (value, error)


PACES = register(PaceFamily())


def load_pace(name: str, directory: Path | None = None) -> PaceStudy:
    """What was found about a model's steps; read only once.

    Args:
        name: The model; the study's checkpoint is ``NAME-pace``.
        directory: Where it lies.

    Raises:
        CheckpointError: It is missing, damaged, or of other weights than the model's here.
    """
    return PACES.load(name, "cpu", directory)
