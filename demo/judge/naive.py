"""Where likelihood alone fails, live: pictures ranked by log p(x), and by a detector that looks at more."""

import math
import re
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, lru_cache
from html import escape
from typing import Any, Literal

import gradio as gr
import torch
from torch import Tensor

from demo.base.errors import sentence
from demo.base.tabs import Opening
from demo.base.words import nats
from demo.judge.judgement import Judgement
from demo.judge.measured import set_words
from demo.shared.models import Models
from demo.widgets.ranking import Rank, RankedLineUp, RankedPicture, Ranking, RankingValue
from demo.widgets.sketch_pad import encode
from gm_core import CheckpointError, Detector, Verdict
from gm_core.data.catalog import CATALOG, DataSet, dataset_of
from gm_core.rendering import grid, png
from gm_core.studies import DETECTORS

SEED = 8
"""The seed of everything that is drawn."""

ALPHA = 0.05
"""The false-alarm rate as long as the user has set none."""

LINE_UPS = {record.name: record.line_up for record in CATALOG.values() if record.line_up}
"""The data sets whose densities are asked, and about which pictures."""

WHY = """<p><b>Why?</b> A picture with little in it leaves a model little to be surprised by, as long as its few greys
are common ones: so a simple picture can be likelier than every real one, whatever the model was trained on. What is
<i>typical</i> is another question than what is most likely.</p>
<details class="why"><summary>The formulas, all the numbers, and the sources</summary>
<p>log p(x) is the sum of log p(xᵢ | x₁ … xᵢ₋₁) over the pixels: it has no term for how much there is to see. The
simplest correction measures that with a coder that knows no model: −log₂ p(x) less the bits of the picture as a
lossless WebP file (Serrà et al.). The detector looks at that and ten other scores together, and counts how many
held-out pictures lie as far out: p = (1 + how many) / (n + 1).</p>
{tables}
<p>The digits and the clothes were drawn by the two models themselves (seed {seed}); such a drawing, too, may be
refused.</p>
<p>Sources: <cite translate="no">E. Nalisnick et al., <i>Do Deep Generative Models Know What They Don't Know?</i>, 2018
(<a href="https://arxiv.org/abs/1810.09136">arXiv:1810.09136</a>)</cite>; <cite translate="no">J. Ren et al.,
<i>Likelihood Ratios for Out-of-Distribution Detection</i>, 2019
(<a href="https://arxiv.org/abs/1906.02845">arXiv:1906.02845</a>)</cite>, where the likelihood of a PixelCNN of clothes
tells digits from clothes with an AUROC of 0.09; <cite translate="no">J. Serrà et al., <i>Input Complexity and
Out-of-Distribution Detection with Likelihood-based Generative Models</i>, 2020
(<a href="https://arxiv.org/abs/1909.11480">arXiv:1909.11480</a>)</cite>.</p></details>"""

_lock = threading.Lock()


@dataclass(frozen=True, eq=False)
class RankedImage:
    """A picture in a line-up.

    Attributes:
        name: What it is, in a word or two.
        image: ``uint8`` (1, 1, H, W).
        kind: One that the model drew, an outlier, or the user's last picture.
        log_prob: Exact log p(x) under the line-up's PixelCNN, nats.
        verdict: What the detector with that PixelCNN says; None where there is no such detector.
    """

    name: str
    image: Tensor
    kind: Literal["own", "other", "yours"]
    log_prob: float
    verdict: Verdict | None


class NaivePanel:
    """Two line-ups, under a model of digits and under one of clothes, that a switch ranks anew.

    Nothing is computed before the panel is opened for the first time.

    Args:
        models: The app's models.
    """

    def __init__(self, models: Models) -> None:
        self.models = models
        self.opened, self.opening = gr.State(False), Opening()
        self.ranking = Ranking(elem_id="judge-naive")
        self.inputs, self.outputs = [self.opened], [self.ranking]

    def wire(self, judgement: gr.State) -> None:
        """Begin when the panel is opened.

        In two steps: a picture that is judged meanwhile either sees that the panel is open, or is there to be read.
        """
        opened = self.opening.run(lambda: True, None, [self.opened])
        self.opening.then(opened, self.show, judgement, [self.ranking])

    def show(self, judgement: Judgement | None) -> RankingValue:
        """The line-ups, the user's last picture among them.

        Args:
            judgement: The last judgement, if any.
        """
        alpha = judgement.verdict.alpha if judgement else ALPHA
        lineups, tables = [], []
        for dataset in (dataset_of(name) for name in LINE_UPS):
            try:
                images = line_up(self.models, dataset.name)
                images += _user_picture(self.models, dataset, judgement) if judgement else ()
                lineups.append(self._lineup(dataset, images, alpha))
                tables.append(_table(dataset, images))
            except CheckpointError as error:
                lineups.append(_without(dataset, sentence(error)))
        return {"lineups": lineups, "about": WHY.format(tables="".join(tables), seed=SEED)}

    def follow(self, judgement: Judgement | None, opened: bool) -> tuple[Any, ...]:
        """The line-ups with a picture that was just judged, once the panel was opened."""
        return (self.show(judgement) if opened else gr.skip(),)

    def _lineup(self, dataset: DataSet, images: tuple[RankedImage, ...], alpha: float) -> RankedLineUp:
        detector, problem = _detector(self.models, dataset)
        places = {"raw": _places_by_likelihood(images, dataset, detector)}
        says = {"raw": _words_by_likelihood(images, dataset)}
        scales = {"raw": f"Bars: −log p(x), surprise in nats; short is likely. {self._average(dataset)}"}
        if detector:
            places["corrected"] = _places_by_all_scores(images, alpha)
            says["corrected"] = _words_by_all_scores(images, dataset, alpha)
            scales["corrected"] = (
                f"Bars: outlier score, how far its {len(detector.held_out)} scores together lie from those of "
                f"{len(detector):,} held-out {dataset.many} (logarithmic); short is usual. {_simplest(images)}"
            )
        titles = {"raw": "raw likelihood", "corrected": "corrected"}
        pictures: list[RankedPicture] = [
            {
                "name": ranked.name,
                "kind": ranked.kind,
                "url": encode(png(grid(ranked.image, zoom=1))),
                "ways": {way: place[i] for way, place in places.items()},
            }
            for i, ranked in enumerate(images)
        ]
        missing = _missing_names(dataset, images)
        if missing:
            problem += f" Missing, for their model cannot be read: {', '.join(missing)}."
        return {
            "key": dataset.name,
            "title": f"Which is most likely under a model of {dataset.many}?",
            "ways": {way: {"title": titles[way], "says": says[way], "scale": scales[way]} for way in places},
            "pictures": pictures,
            "about": f'<p class="problem">{escape(problem.strip())}</p>' if problem else self._figures(dataset),
        }

    def _average(self, dataset: DataSet) -> str:
        """What a test picture costs, from the PixelCNN's card."""
        for metric in self.models.card(dataset.density).metrics:
            if metric.name == "log_prob":
                return f"Average of test {dataset.many}: {nats(metric.value, 0)} nats ({metric.protocol})."
        return ""

    def _figures(self, dataset: DataSet) -> str:
        """How well both rankings do on whole test sets, from the detector's card."""
        card = self.models.card(DETECTORS.name(dataset.name))
        metrics = {metric.name: metric for metric in card.metrics}
        parts = []
        for name in LINE_UPS[dataset.name].measured:
            naive, joint = metrics.get(f"naive_auroc_{name}"), metrics.get(f"auroc_{name}")
            if naive and joint:
                parts.append(
                    f"{set_words(name)}, <b>{naive.value:.3f}</b> by −log p(x) alone and "
                    f"<b>{joint.value:.3f}</b> corrected ({escape(_counts(joint.protocol))})"
                )
        return f"<p>Measured on whole test sets, AUROC: {'; '.join(parts)}.</p>" if parts else ""


def _counts(protocol: str) -> str:
    """How many pictures were compared; which ones, the page says in better words."""
    return re.sub(r" \([^)]*\)", "", protocol)


def line_up(models: Models, dataset: str) -> tuple[RankedImage, ...]:
    """The pictures in line under a data set's model: some that it drew, and outliers.

    Computed once. An outlier that another data set's model would draw is left out where that model is missing.

    Raises:
        CheckpointError: The data set's own model is missing or damaged.
    """
    with _lock:  # a second caller waits until it is computed
        return _rank_images(models, dataset, tuple(_pictures(models, dataset)))


def _pictures(models: Models, dataset: str) -> dict[str, Tensor]:
    """What stands in a line-up, by name, the model's own drawings first."""
    own, drawn = _sample(models, dataset), _plain(dataset_of(dataset))
    for name in LINE_UPS:
        with suppress(CheckpointError):
            drawn = drawn | _sample(models, name)
    return own | {name: drawn[name] for name in LINE_UPS[dataset].others if name in drawn}


def _missing_names(dataset: DataSet, images: tuple[RankedImage, ...]) -> list[str]:
    """What should be in a line-up, and is not."""
    names = {ranked.name for ranked in images}
    return [name for name in LINE_UPS[dataset.name].others if name not in names]


@lru_cache(maxsize=4)
def _rank_images(models: Models, dataset: str, names: tuple[str, ...]) -> tuple[RankedImage, ...]:
    pictures = _pictures(models, dataset)
    scores = _score(models, dataset, torch.cat([pictures[name] for name in names]))
    own = LINE_UPS[dataset].own
    return tuple(
        RankedImage(name, pictures[name], "own" if name in own else "other", *score)
        for name, score in zip(names, scores, strict=True)
    )


@cache
def _plain(dataset: DataSet) -> dict[str, Tensor]:
    """Pictures of a data set's size that no model draws, by name."""
    shape = (1, *dataset.image)
    noise = torch.randint(256, shape, generator=torch.Generator().manual_seed(SEED), dtype=torch.uint8)
    levels = {"plain black": 0, "plain grey": 128, "plain white": 255}
    return {**{name: torch.full(shape, level, dtype=torch.uint8) for name, level in levels.items()}, "noise": noise}


@lru_cache(maxsize=4)
def _sample(models: Models, dataset: str) -> dict[str, Tensor]:
    """What a data set's PixelCNN draws for the line-ups, by name."""
    own = LINE_UPS[dataset].own
    labels = torch.tensor(list(own.values()))
    with torch.inference_mode():
        model = models.autoregressive(dataset_of(dataset).density)
        images = model.sample(len(own), labels, generator=torch.Generator().manual_seed(SEED)).cpu()
    return dict(zip(own, images.split(1), strict=True))


def _detector(models: Models, dataset: DataSet) -> tuple[Detector | None, str]:
    """A data set's detector, or why there is none."""
    try:
        detector = models.detector_of(dataset.density)
    except CheckpointError as error:
        return None, f"The correction needs the detector of {dataset.many}: {error}."
    problem = f"The correction needs a detector of {dataset.many}, and none is calibrated yet: log p(x) only."
    return (detector, "") if detector else (None, problem)


def _score(models: Models, dataset: str, images: Tensor) -> list[tuple[float, Verdict | None]]:
    """What a data set's detector says of pictures; its PixelCNN alone where there is no detector."""
    detector, _ = _detector(models, dataset_of(dataset))
    with torch.inference_mode():
        if detector:
            return [(verdict.log_prob, verdict) for verdict in detector.score(images)]
        return [(float(value), None) for value in models.autoregressive(dataset_of(dataset).density).log_prob(images)]


@lru_cache(maxsize=64)
def _score_once(models: Models, dataset: str, pixels: bytes) -> tuple[float, Verdict | None]:
    image = torch.frombuffer(bytearray(pixels), dtype=torch.uint8).reshape(1, *dataset_of(dataset).image)
    return _score(models, dataset, image)[0]


def _user_picture(models: Models, dataset: DataSet, judgement: Judgement) -> tuple[RankedImage, ...]:
    """The picture that was judged last, if a model can see it."""
    image = judgement.prepared.image
    if image.shape[1:] != dataset.image:
        return ()
    if judgement.dataset == dataset.name:  # known already
        score: tuple[float, Verdict | None] = judgement.verdict.log_prob, judgement.verdict
    else:
        score = _score_once(models, dataset.name, image.numpy().tobytes())
    return (RankedImage("your picture", image, "yours", *score),)


def _places(values: Sequence[float]) -> list[int]:
    """The place of each value in ascending order, 0 for the least."""
    order = sorted(range(len(values)), key=values.__getitem__)
    return [order.index(i) for i in range(len(values))]


def _places_by_likelihood(images: tuple[RankedImage, ...], dataset: DataSet, detector: Detector | None) -> list[Rank]:
    surprise = [-ranked.log_prob for ranked in images]
    places, most = _places(surprise), max(surprise)
    return [
        {
            "place": places[i],
            "bar": max(0.0, surprise[i] / most),
            "number": f"{nats(-surprise[i])} nats",
            "words": _rank(-surprise[i], dataset, detector) if detector else "",
        }
        for i in range(len(images))
    ]


def _rank(log_prob: float, dataset: DataSet, detector: Detector) -> str:
    """A likelihood among those of held-out pictures, in few words."""
    share, count = detector.share_below("log_prob", log_prob), f"{len(detector):,} {dataset.many}"
    if share in (0, 1):
        return f"{'less' if share == 0 else 'more'} likely than all {count}"
    return f"more likely than {min(99.9, max(0.1, 100 * share)):.{1 if not 0.01 < share < 0.99 else 0}f} % of {count}"


def _places_by_all_scores(images: tuple[RankedImage, ...], alpha: float) -> list[Rank]:
    verdicts = [ranked.verdict for ranked in images if ranked.verdict]
    scores = [verdict.outlier_score for verdict in verdicts]
    places, most = _places(scores), math.log1p(max(scores))
    return [
        {
            "place": places[i],
            "bar": math.log1p(scores[i]) / most,
            "number": f"p = {verdict.p_value:.4f}",
            "words": f"{_verdict(verdict, alpha)}; outlier score {nats(scores[i])}",
            "verdict": _verdict(verdict, alpha),
        }
        for i, verdict in enumerate(verdicts)
    ]


def _simplest(images: tuple[RankedImage, ...]) -> str:
    """The order by input complexity alone."""
    known = [(picture.verdict.scores["complexity_webp"], picture.name) for picture in images if picture.verdict]
    order = ", ".join(name for _, name in sorted(known))
    return f"By the simplest correction alone, −log₂ p(x) less WebP's bits: {order}."


def _verdict(verdict: Verdict, alpha: float) -> str:
    return "reasonable" if verdict.p_value > alpha else "unreasonable"


def _words_by_likelihood(images: tuple[RankedImage, ...], dataset: DataSet) -> str:
    """Which outliers come before the model's own pictures when log p(x) decides."""
    best = max(picture.log_prob for picture in images if picture.kind == "own")
    before = [picture for picture in images if picture.kind == "other" and picture.log_prob > best]
    if not before:
        return f"By log p(x) alone, {dataset.one} comes first here. That is not always so: see the other line-up."
    names = [f"<b>{picture.name}</b>" for picture in sorted(before, key=lambda picture: -picture.log_prob)]
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return f"By log p(x) alone, {listed} {'comes' if len(names) == 1 else 'come'} before all the {dataset.many} here."


def _words_by_all_scores(images: tuple[RankedImage, ...], dataset: DataSet, alpha: float) -> str:
    """Whether the model's own pictures come first when all scores decide, and which pictures are refused."""
    own, others = (
        [picture.verdict for picture in images if picture.kind == kind and picture.verdict] for kind in ("own", "other")
    )
    last = max(verdict.outlier_score for verdict in own)
    before = sum(verdict.outlier_score < last for verdict in others)
    refused, wrongly = (sum(verdict.p_value <= alpha for verdict in some) for some in (others, own))
    first = f"the {dataset.many} come first"
    if before:
        first = f"{before} of {len(others)} outliers are still ranked among the {dataset.many}"
    return (
        f"By all scores together, <b>{first}</b>. {refused} of {len(others)} outliers and {wrongly} of {len(own)} "
        f"{dataset.many} are refused at an accepted false-alarm rate of {100 * alpha:g} %."
    )


def _table(dataset: DataSet, images: tuple[RankedImage, ...]) -> str:
    """All the numbers of a line-up."""
    rows = []
    for picture in sorted(images, key=lambda picture: -picture.log_prob):
        verdict = picture.verdict
        cells = [nats(picture.log_prob)]
        if verdict:
            cells += [nats(verdict.scores["complexity_webp"], 0), nats(verdict.outlier_score), f"{verdict.p_value:.4f}"]
        rows.append(f'<tr><th scope="row">{picture.name}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>')
    heads = ["log p(x), nats"]
    if any(picture.verdict for picture in images):
        heads += ["−log₂ p(x) less WebP, bits", "outlier score", "p"]
    return (
        f'<div class="scroll"><table><thead><tr><th scope="col">under the model of {dataset.many}</th>'
        f'{"".join(f"""<th scope="col">{head}</th>""" for head in heads)}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _without(dataset: DataSet, problem: str) -> RankedLineUp:
    """In the place of a line-up whose own model is missing."""
    return {
        "key": dataset.name,
        "title": f"Under a model of {dataset.many}",
        "ways": {},
        "pictures": [],
        "about": f'<p class="problem" role="alert">{escape(problem)}</p>',
    }
