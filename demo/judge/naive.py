"""Where likelihood alone fails, live: pictures ranked by log p(x), and by a detector that looks at more."""

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from typing import Any, Literal

import gradio as gr
import torch
from torch import Tensor

from demo.base.events import LIVE
from demo.base.words import nats
from demo.judge.measured import set_words
from demo.judge.words import Judgement
from demo.shared.models import Models
from demo.widgets.ranking import Ranking
from demo.widgets.sketch_pad import encode
from gm_core import CheckpointError, Detector, Verdict
from gm_core.data.catalog import CATALOG, DataSet, dataset_of
from gm_core.rendering import grid, png

SEED = 8
"""Of all that is drawn."""

ALPHA = 0.05
"""The false-alarm rate as long as the person has set none."""

SIDE = 28

LINE_UPS = {record.name: record.line_up for record in CATALOG.values() if record.line_up}
"""Whose densities are asked, and about what."""

WHY = """<p><b>Why?</b> A picture with little in it leaves a model little to be surprised by, so simple pictures are
likely under any density, whatever it was trained on. What is <i>typical</i> is another question than what is most
likely.</p>
<details class="why"><summary>The formulas, all the numbers, and the sources</summary>
<p>log p(x) is the sum of log p(xᵢ | x₁ … xᵢ₋₁) over the pixels: it has no term for how much there is to see. The
simplest correction asks how much that is, of a coder that knows no model: −log₂ p(x) less the bits of the picture as a
lossless WebP file (Serrà et al.). The detector looks at that and ten other scores together, and counts how many
held-out pictures lie as far out: p = (1 + how many) / (n + 1).</p>
{tables}
<p>The digits and the clothes were drawn by the two models themselves (seed {seed}); such a drawing, too, may be
refused.</p>
<p>Sources: E. Nalisnick et al., <i>Do Deep Generative Models Know What They Don't Know?</i>, 2018
(<a href="https://arxiv.org/abs/1810.09136">arXiv:1810.09136</a>); J. Ren et al., <i>Likelihood Ratios for
Out-of-Distribution Detection</i>, 2019 (<a href="https://arxiv.org/abs/1906.02845">arXiv:1906.02845</a>), where the
likelihood of a PixelCNN of clothes tells digits from clothes with an AUROC of 0.09; J. Serrà et al., <i>Input
Complexity and Out-of-Distribution Detection with Likelihood-based Generative Models</i>, 2020
(<a href="https://arxiv.org/abs/1909.11480">arXiv:1909.11480</a>).</p></details>"""

Way = Literal["raw", "corrected"]

_lock = threading.Lock()


@dataclass(frozen=True, eq=False)
class Shown:
    """A picture in line.

    Attributes:
        name: What it is, in a word or two.
        image: ``uint8`` (1, 1, H, W).
        kind: One of the model's own, a stranger, or what the person had judged last.
        log_prob: Exact log p(x) under the line-up's PixelCNN, nats.
        verdict: What the detector made of that PixelCNN says; None where there is no such detector.
    """

    name: str
    image: Tensor
    kind: Literal["own", "other", "yours"]
    log_prob: float
    verdict: Verdict | None


class NaivePanel:
    """Two line-ups, under a model of digits and under one of clothes, that a switch ranks anew.

    Nothing is computed before the panel comes into sight for the first time.

    Args:
        models: The app's models.
    """

    def __init__(self, models: Models) -> None:
        self.models = models
        self.opened = gr.State(False)
        self.ranking = Ranking(elem_id="judge-naive")
        self.inputs, self.outputs = [self.opened], [self.ranking]

    def wire(self, judged: gr.State) -> None:
        """Begin when the panel is seen."""
        self.ranking.wanted(lambda last: (True, self.show(last)), judged, [self.opened, self.ranking], **LIVE)

    def show(self, judged: Judgement | None) -> dict[str, Any]:
        """The line-ups, the person's last picture among them.

        Args:
            judged: The last judgement, if any.

        Returns:
            A value of :class:`demo.widgets.ranking.Ranking`.
        """
        alpha = judged.verdict.alpha if judged else ALPHA
        lineups, tables = [], []
        for dataset in (dataset_of(name) for name in LINE_UPS):
            try:
                shown = line_up(self.models, dataset.name)
                shown += tuple(_yours(self.models, dataset.name, judged)) if judged else ()
                lineups.append(self._lineup(dataset, shown, alpha))
                tables.append(_table(dataset, shown))
            except CheckpointError as error:
                lineups.append(_without(dataset, str(error)))
        return {"lineups": lineups, "about": WHY.format(tables="".join(tables), seed=SEED)}

    def follow(self, judged: Judgement | None, opened: bool) -> tuple[Any, ...]:
        """The line-ups with a picture that was just judged, once the panel was seen."""
        return (self.show(judged) if opened else gr.skip(),)

    def _lineup(self, dataset: DataSet, shown: tuple[Shown, ...], alpha: float) -> dict[str, Any]:
        detector, problem = _detector(self.models, dataset)
        ways = {"raw": _ways_raw(shown, dataset, detector)}
        says = {"raw": _says_raw(shown, dataset)}
        scales = {"raw": f"Bars: −log p(x), surprise in nats; short is likely. {self._average(dataset)}"}
        if detector:
            ways["corrected"] = _ways_corrected(shown, alpha)
            says["corrected"] = _says_corrected(shown, dataset, alpha)
            scales["corrected"] = (
                f"Bars: outlier score, how far its {len(detector.held_out)} scores together lie from those of "
                f"{len(detector):,} held-out {dataset.many} (logarithmic); short is usual. {_simplest(shown)}"
            )
        titles = {"raw": "raw likelihood", "corrected": "corrected"}
        return {
            "key": dataset.name,
            "title": f"To a model of {dataset.many}, which is most likely?",
            "ways": {way: {"title": titles[way], "says": says[way], "scale": scales[way]} for way in ways},
            "pictures": [
                {
                    "name": picture.name,
                    "kind": picture.kind,
                    "url": encode(png(grid(picture.image, zoom=1))),
                    "ways": {way: words[i] for way, words in ways.items()},
                }
                for i, picture in enumerate(shown)
            ],
            "about": f'<p class="problem">{escape(problem)}</p>' if problem else self._measured(dataset),
        }

    def _average(self, dataset: DataSet) -> str:
        """What a test picture costs, from the PixelCNN's card."""
        for metric in self.models.card(dataset.density).metrics:
            if metric.name == "log_prob":
                return f"Average of test {dataset.many}: {nats(metric.value, 0)} nats ({metric.protocol})."
        return ""

    def _measured(self, dataset: DataSet) -> str:
        """How both rankings fare on whole test sets, from the detector's card."""
        card = self.models.card(f"{dataset.name}-detector")
        metrics = {metric.name: metric for metric in card.metrics}
        parts = []
        for name in LINE_UPS[dataset.name].measured:
            naive, all_together = metrics.get(f"naive_auroc_{name}"), metrics.get(f"auroc_{name}")
            if naive and all_together:
                parts.append(
                    f"{set_words(name)}, <b>{naive.value:.3f}</b> by −log p(x) alone and "
                    f"<b>{all_together.value:.3f}</b> corrected ({escape(all_together.protocol)})"
                )
        return f"<p>Measured on more than these few, AUROC: {'; '.join(parts)}.</p>" if parts else ""


def line_up(models: Models, dataset: str) -> tuple[Shown, ...]:
    """The pictures in line under a data set's model: some of its own, and strangers.

    Computed once. Raises ``CheckpointError`` when a model is missing.
    """
    with _lock:  # who asks while it is being computed waits for it
        return _line_up(models, dataset)


@lru_cache(maxsize=4)
def _line_up(models: Models, dataset: str) -> tuple[Shown, ...]:
    here = LINE_UPS[dataset]
    own, drawn = _drawn(models, dataset), _plain()
    for name in LINE_UPS:
        drawn |= _drawn(models, name)
    others = {name: drawn[name] for name in here.others}
    said = _ask(models, dataset, torch.cat([*own.values(), *others.values()]))
    return tuple(
        Shown(name, image, "own" if name in own else "other", *said[i])
        for i, (name, image) in enumerate((own | others).items())
    )


def _plain() -> dict[str, Tensor]:
    """Pictures that no model draws, by name."""
    noise = torch.randint(256, (1, 1, SIDE, SIDE), generator=torch.Generator().manual_seed(SEED), dtype=torch.uint8)
    levels = {"plain black": 0, "plain grey": 128, "plain white": 255}
    plain = {name: torch.full((1, 1, SIDE, SIDE), level, dtype=torch.uint8) for name, level in levels.items()}
    return {**plain, "noise": noise}


@lru_cache(maxsize=4)
def _drawn_once(models: Models, name: str, labels: tuple[int, ...]) -> Tensor:
    with torch.inference_mode():
        generator = torch.Generator().manual_seed(SEED)
        return models.autoregressive(name).sample(len(labels), torch.tensor(labels), generator=generator).cpu()


def _drawn(models: Models, dataset: str) -> dict[str, Tensor]:
    """What a data set's PixelCNN draws for the line-ups, by name."""
    own = LINE_UPS[dataset].own
    return dict(zip(own, _drawn_once(models, dataset_of(dataset).density, tuple(own.values())).split(1), strict=True))


def _detector(models: Models, dataset: DataSet) -> tuple[Detector | None, str]:
    """A data set's detector, or why there is none."""
    try:
        detector = models.detector_of(dataset.density)
    except CheckpointError as error:
        return None, f"The correction needs the detector of {dataset.many}: {error}."
    problem = f"The correction needs a detector of {dataset.many}, and none is calibrated yet: log p(x) only."
    return (detector, "") if detector else (None, problem)


def _ask(models: Models, dataset: str, images: Tensor) -> list[tuple[float, Verdict | None]]:
    """What a data set's detector, or where there is none its PixelCNN alone, says of pictures."""
    detector, _ = _detector(models, dataset_of(dataset))
    with torch.inference_mode():
        if detector:
            return [(verdict.log_prob, verdict) for verdict in detector.score(images)]
        return [(float(value), None) for value in models.autoregressive(dataset_of(dataset).density).log_prob(images)]


@lru_cache(maxsize=64)
def _ask_once(models: Models, dataset: str, pixels: bytes) -> tuple[float, Verdict | None]:
    return _ask(models, dataset, torch.frombuffer(bytearray(pixels), dtype=torch.uint8).reshape(1, 1, SIDE, SIDE))[0]


def _yours(models: Models, dataset: str, judged: Judgement) -> list[Shown]:
    """The picture that was judged last, where a model can see it."""
    image = judged.prepared.image
    if image.shape != (1, 1, SIDE, SIDE):
        return []
    if judged.dataset == dataset:  # that is known already
        said: tuple[float, Verdict | None] = judged.verdict.log_prob, judged.verdict
    else:
        said = _ask_once(models, dataset, bytes(image.flatten().tolist()))
    return [Shown("your picture", image, "yours", *said)]


def _places(values: Sequence[float]) -> list[int]:
    """Of each value its place in ascending order, 0 the least."""
    order = sorted(range(len(values)), key=values.__getitem__)
    return [order.index(i) for i in range(len(values))]


def _ways_raw(shown: tuple[Shown, ...], dataset: DataSet, detector: Detector | None) -> list[dict[str, Any]]:
    surprise = [-picture.log_prob for picture in shown]
    places, most = _places(surprise), max(surprise)
    return [
        {
            "place": places[i],
            "bar": max(0.0, surprise[i] / most),
            "number": f"{nats(-surprise[i])} nats",
            "words": _rank(-surprise[i], dataset, detector) if detector else "",
        }
        for i in range(len(shown))
    ]


def _rank(log_prob: float, dataset: DataSet, detector: Detector) -> str:
    """A likelihood among those of held-out pictures, in few words."""
    share, count = detector.share_below("log_prob", log_prob), f"{len(detector):,} {dataset.many}"
    if share in (0, 1):
        return f"{'less' if share == 0 else 'more'} likely than all {count}"
    return f"more likely than {min(99.9, max(0.1, 100 * share)):.{1 if not 0.01 < share < 0.99 else 0}f} % of {count}"


def _ways_corrected(shown: tuple[Shown, ...], alpha: float) -> list[dict[str, Any]]:
    verdicts = [picture.verdict for picture in shown if picture.verdict]
    scores = [verdict.outlier_score for verdict in verdicts]
    places, most = _places(scores), math.log1p(max(scores))
    return [
        {
            "place": places[i],
            "bar": math.log1p(scores[i]) / most,
            "number": f"p = {verdict.p_value:.4f}",
            "words": f"{_called(verdict, alpha)}; outlier score {nats(scores[i])}",
            "verdict": _called(verdict, alpha),
        }
        for i, verdict in enumerate(verdicts)
    ]


def _simplest(shown: tuple[Shown, ...]) -> str:
    """The order by input complexity alone."""
    known = [(picture.verdict.scores["complexity_webp"], picture.name) for picture in shown if picture.verdict]
    order = ", ".join(name for _, name in sorted(known))
    return f"By the simplest correction alone, −log₂ p(x) less WebP's bits: {order}."


def _called(verdict: Verdict, alpha: float) -> str:
    return "reasonable" if verdict.p_value > alpha else "unreasonable"


def _says_raw(shown: tuple[Shown, ...], dataset: DataSet) -> str:
    """Who comes before the model's own, when log p(x) decides."""
    best = max(picture.log_prob for picture in shown if picture.kind == "own")
    before = [picture for picture in shown if picture.kind == "other" and picture.log_prob > best]
    if not before:
        return f"By log p(x) alone, {dataset.one} comes first here. It need not: see the other line-up."
    names = [f"<b>{picture.name}</b>" for picture in sorted(before, key=lambda picture: -picture.log_prob)]
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return f"By log p(x) alone, {listed} {_come(len(names))} before all the {dataset.many} here."


def _says_corrected(shown: tuple[Shown, ...], dataset: DataSet, alpha: float) -> str:
    """Whether the model's own come first, when all scores decide; and who is refused."""
    own, others = (
        [picture.verdict for picture in shown if picture.kind == kind and picture.verdict] for kind in ("own", "other")
    )
    last = max(verdict.outlier_score for verdict in own)
    before = sum(verdict.outlier_score < last for verdict in others)
    refused, wrongly = (sum(verdict.p_value <= alpha for verdict in some) for some in (others, own))
    first = (
        f"the {dataset.many} come first" if not before else f"{before} of {len(others)} strangers still come between"
    )
    return (
        f"By all scores together, <b>{first}</b>: refused are {refused} of {len(others)} strangers and "
        f"{wrongly} of {len(own)} {dataset.many}, where {100 * alpha:g} % false alarms are accepted."
    )


def _come(count: int) -> str:
    return "comes" if count == 1 else "come"


def _table(dataset: DataSet, shown: tuple[Shown, ...]) -> str:
    """All the numbers of a line-up."""
    rows = []
    for picture in sorted(shown, key=lambda picture: -picture.log_prob):
        verdict = picture.verdict
        cells = [nats(picture.log_prob)]
        if verdict:
            cells += [nats(verdict.scores["complexity_webp"], 0), nats(verdict.outlier_score), f"{verdict.p_value:.4f}"]
        rows.append(f'<tr><th scope="row">{picture.name}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>')
    heads = ["log p(x), nats"]
    if any(picture.verdict for picture in shown):
        heads += ["−log₂ p(x) less WebP, bits", "outlier score", "p"]
    return (
        f'<div class="scroll"><table><thead><tr><th scope="col">under the model of {dataset.many}</th>'
        f'{"".join(f"""<th scope="col">{head}</th>""" for head in heads)}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _without(dataset: DataSet, problem: str) -> dict[str, Any]:
    """In the place of a line-up whose models are not there."""
    return {
        "key": dataset.name,
        "title": f"To a model of {dataset.many}",
        "ways": {},
        "pictures": [],
        "about": f'<p class="problem" role="alert">{escape(problem)}</p>',
    }
