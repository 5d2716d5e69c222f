"""A picture as a detector judged it."""

from dataclasses import dataclass, replace

import torch
from PIL import Image

from gm_core import Detector, Preparation, Prepared, Verdict, prepare
from gm_core.data.catalog import DataSet, dataset_of


@dataclass(frozen=True)
class Judgement:
    """A picture as it was judged.

    Attributes:
        dataset: The data set that the judging detector knows.
        prepared: What the model saw, and how it came to be.
        verdict: What the detector says of it.
    """

    dataset: str
    prepared: Prepared
    verdict: Verdict

    @property
    def record(self) -> DataSet:
        """What is known of the data set."""
        return dataset_of(self.dataset)

    def accepting(self, percent: float) -> "Judgement":
        """The same scores at another accepted false-alarm rate, in percent; perhaps another verdict."""
        return replace(self, verdict=replace(self.verdict, alpha=percent / 100))


def judge(detector: Detector, picture: Image.Image, preparation: Preparation, percent: float) -> Judgement:
    """Judge one picture.

    Args:
        detector: The detector that judges.
        picture: The picture, as returned by :func:`gm_core.open_picture`.
        preparation: The steps that bring it to the model's form.
        percent: The accepted false-alarm rate, in percent.
    """
    prepared = prepare(picture, preparation, form=dataset_of(detector.dataset).form)
    with torch.inference_mode():
        return Judgement(detector.dataset, prepared, detector.score(prepared.image, percent / 100)[0])
