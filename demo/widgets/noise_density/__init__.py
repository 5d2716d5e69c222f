"""One picture under many models: what each says of its probability, in one chart that narrows while one watches."""

from collections.abc import Mapping
from typing import Any, ClassVar, TypedDict

from demo.base.errors import Answer
from demo.widgets.base import Widget


class ScoredModel(TypedDict):
    """What the chart says of a model.

    Attributes:
        name: Of its checkpoint.
        title: What its family is called.
        readings: What it has: ``"exact"``, ``"bound"``, ``"estimate"``; nothing if it knows nothing of p(x).
        usual: Bits per value of test pictures, by these, where they were measured.
    """

    name: str
    title: str
    readings: list[str]
    usual: dict[str, float]


class DensitySubject(TypedDict):
    """A data set, whose models are of the same discrete pictures, so that their figures can be compared.

    Attributes:
        many: What its pictures are called.
        levels: Levels of a value.
        size: Channels, height and width.
        models: In the order of the rows.
    """

    many: str
    levels: int
    size: list[int]
    models: list[ScoredModel]


class ScoredPicture(TypedDict):
    """The value: a ``picture``, base64 of its bytes in 256 levels, and the ``dataset`` whose models are asked."""

    dataset: str
    picture: str


class NoiseDensity(Widget):
    """Asks for one figure after the other, exact ones first, and for more draws of those that are random.

    It stops when the standard errors are small, after a bounded number of draws, when the user stops it, and while it
    is not in sight.

    Args:
        subjects: By data set.
        functions: ``score``: from a model, a picture, a reading and the number of a batch to a figure.
        **options: As for ``Widget``.
    """

    about: ClassVar = "JSON: dataset and picture (base64 bytes)"

    def __init__(
        self, *, subjects: Mapping[str, DensitySubject], functions: Mapping[str, Answer], **options: Any
    ) -> None:
        super().__init__(functions=functions, subjects=dict(subjects), **options)
