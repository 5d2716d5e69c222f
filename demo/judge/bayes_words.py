"""A classifier and a density about the same picture, in words, bars and tables."""

import re
from dataclasses import dataclass
from html import escape

import torch
from torch import Tensor

from demo.base.charts.coverage import Curve, accuracy, coverage_chart, coverage_table
from demo.base.theme import CLASS_COLORS
from demo.base.words import nats, note_html, percent
from demo.judge.measured import set_words
from demo.shell.glossary import word
from gm_core import BayesStudy, Card, Verdict, bayes_posterior, likelihood_from_posterior, marginal_log_prob
from gm_core.checkpoints import Metric
from gm_core.data.catalog import CATALOG, dataset_of

SURE = 0.9
"""A classifier that gives its answer this probability is called sure of it."""

FORMULAS = """<details><summary>The formulas, and where they are from</summary>
<p>A class-conditional density gives p(x | y); counting the training pictures gives p(y). By Bayes' rule,</p>
<p class="formula">p(y | x) = p(x | y) p(y) / p(x), &nbsp; p(x) = Σ<sub>y</sub> p(x | y) p(y).</p>
<p>Dividing by p(x) is what makes it forget how likely the picture is at all: the classes' probabilities sum to 1 for
a shoe, too. So the PixelCNN can abstain in two ways: by p(x), when the detector finds the picture unreasonable, and by
p(y | x), when no class is likely enough. A classifier learns p(y | x) alone, and has only the second way.</p>
<p>Read from right to left, the same rule turns a classifier into a density, if p(x) comes from another model:</p>
<p class="formula">p(x | y) = p(y | x) p(x) / p(y), &nbsp; log p(x | y) = log p(y | x) + log p(x) − log p(y).</p>
<p>A classifier usually names the class better: all its capacity is spent on where the classes differ. A density has to
explain every pixel, and the class is worth a few nats among hundreds.</p>
<p>Sources: <cite translate="no">A. Ng and M. Jordan, <i>On Discriminative vs. Generative Classifiers</i>, 2001
(<a href="https://papers.nips.cc/paper/2020">papers.nips.cc/paper/2020</a>); A. van den Oord et al., <i>Conditional
Image Generation with PixelCNN Decoders</i>, 2016 (<a href="https://arxiv.org/abs/1606.05328">arXiv:1606.05328</a>);
R. El-Yaniv and Y. Wiener, <i>On the Foundations of Noise-free Selective Classification</i>, 2010
(<a href="https://jmlr.org/papers/v11/el-yaniv10a.html">jmlr.org</a>); A. Nguyen, J. Yosinski and J. Clune, <i>Deep
Neural Networks are Easily Fooled</i>, 2015 (<a href="https://arxiv.org/abs/1412.1897">arXiv:1412.1897</a>)</cite>.</p>
</details>"""


@dataclass(frozen=True, eq=False)
class ClassScores:
    """What a classifier and a density say of one picture's classes.

    Attributes:
        names: The classes.
        log_posterior: log p(y | x) of the classifier, nats, ``float64`` (classes,).
        log_likelihood: log p(x | y) of the density, nats, ``float64`` (classes,).
        prior: p(y), ``float64`` (classes,), or ``None`` for equal ones.
    """

    names: tuple[str, ...]
    log_posterior: Tensor
    log_likelihood: Tensor
    prior: Tensor | None

    @property
    def classifier(self) -> Tensor:
        """The classifier's p(y | x), (classes,)."""
        return self.log_posterior.exp()

    @property
    def density(self) -> Tensor:
        """The density's p(y | x), by Bayes' rule, (classes,)."""
        return bayes_posterior(self.log_likelihood[None], self.prior)[0]

    @property
    def log_prob(self) -> float:
        """The density's log p(x) as the sum over its classes, nats."""
        return float(marginal_log_prob(self.log_likelihood[None], self.prior)[0])

    def by_classifier(self, log_prob: float) -> Tensor:
        """The log p(x | y) that the classifier's p(y | x) makes of a model's log p(x), nats, (classes,)."""
        log_p_x = torch.tensor([log_prob], dtype=torch.float64)
        return likelihood_from_posterior(self.classifier[None], log_p_x, self.prior)[0]


def likeliest(probs: Tensor) -> tuple[int, float]:
    """The class of the largest probability, and that."""
    index = int(probs.argmax())
    return index, float(probs[index])


def abstains(scores: ClassScores, verdict: Verdict, threshold: float) -> bool:
    """Whether the density names no class.

    Args:
        scores: What it says of the classes.
        verdict: What the detector says of the picture.
        threshold: The least probability of the likeliest class, from 0 to 1.
    """
    return verdict.verdict == "unreasonable" or likeliest(scores.density)[1] < threshold


def brief_html(scores: ClassScores, verdict: Verdict) -> str:
    """What the classifier says, in a line beside the verdict.

    Args:
        scores: What both say.
        verdict: What the detector says.
    """
    index, share = likeliest(scores.classifier)
    beside = "it has to answer" if verdict.verdict == "unreasonable" else "it always answers"
    return (
        f'<p class="brief">{word("classifier", "A classifier")} says <b>{escape(scores.names[index])}</b> '
        f"({percent(share)}): {beside}.</p>"
    )


def contrast_html(scores: ClassScores, verdict: Verdict, threshold: float, url: str, study: Card | None) -> str:
    """The difference between both judges, on this picture, in a sentence or two.

    Args:
        scores: What they say.
        verdict: What the detector says.
        threshold: The least probability of the likeliest class, from 0 to 1.
        url: The picture as an image's address.
        study: The card of what was measured, if there is one.
    """
    (c, sure), (d, share) = likeliest(scores.classifier), likeliest(scores.density)
    one, other = _a(scores.names[c]), _a(scores.names[d])
    if verdict.verdict == "unreasonable":
        if sure >= SURE:
            first = f"The classifier is <b>{percent(sure)} sure of {one}</b>."
        else:
            first = (
                f"The classifier says {one}, though only {percent(sure)} sure: it has no way to say “none of these”."
            )
        never = "has never seen anything like it" if verdict.peers == 0 else "finds the picture too unusual to answer"
        second = f"The PixelCNN {never}: <b>unreasonable, p = {verdict.p_value:.4f}</b>."
    elif share < threshold:
        first = f"The classifier says {one} ({percent(sure)})."
        rival = int(scores.density.topk(2).indices[1])
        second = (
            f"The PixelCNN finds the picture reasonable, but wavers between {other} ({percent(share)}) and "
            f"{_a(scores.names[rival])} ({percent(float(scores.density[rival]))}): under your {100 * threshold:g} %, "
            "<b>it abstains</b>."
        )
    elif c == d:
        first = f"Both call it {one}: the classifier with {percent(sure)}, the PixelCNN with {percent(share)}."
        second = (
            "But only the PixelCNN could also ask whether the picture is of the kind it knows: "
            f"<b>reasonable, p = {verdict.p_value:.4f}</b>."
        )
    else:
        first = (
            f"<b>They disagree</b>: the classifier says {one} ({percent(sure)}), "
            f"the PixelCNN {other} ({percent(share)})."
        )
        second = _comparison(study)
    return (
        f'<div class="contrast {verdict.verdict}"><img src="{escape(url)}" alt="The picture that both are asked about">'
        f'<p aria-live="polite"><span>{first}</span> <span>{second}</span></p></div>'
    )


def classifier_html(scores: ClassScores, card: Card) -> str:
    """The classifier's answer.

    Args:
        scores: What it says.
        card: Its card.
    """
    index, share = likeliest(scores.classifier)
    figures, remarks = _figures(card), [f"<code>{escape(card.name)}</code>"]
    if "accuracy" in figures:
        figure = figures["accuracy"]
        remarks.append(f"classifies {percent(figure.value)} of {_test_images(figure)} correctly")
    if "confident_on_noise" in figures:
        remarks.append(f"shown pure noise, {percent(figures['confident_on_noise'].value)} sure on average")
    return (
        f'<section class="judge classifier"><h3>The classifier, p(y | x)</h3>{_says(scores.names[index], share)}'
        f"<p>It always answers: its probabilities sum to 1 whatever it is shown.</p>"
        f"{_bars(scores, scores.classifier)}"
        f"{_remarks(remarks)}</section>"
    )


def density_html(
    scores: ClassScores, verdict: Verdict, threshold: float, study: Card | None, name_of_density: str
) -> str:
    """The density's answer, or that it abstains.

    Args:
        scores: What it says of the classes.
        verdict: What the detector says of the picture.
        threshold: The least probability of the likeliest class, from 0 to 1.
        study: The card of what was measured, if there is one.
        name_of_density: The density's checkpoint.
    """
    index, share = likeliest(scores.density)
    name, own = scores.names[index], f"{100 * threshold:g} %"
    rate = f"{100 * verdict.alpha:g} %"
    if verdict.verdict == "unreasonable":
        answer = _ABSTAINS
        because = (
            f"The picture is unreasonable (p = {verdict.p_value:.4f}, not above {rate}), judged by p(x), which a "
            "classifier does not have. Were it of some class, Bayes' rule would say:"
        )
    elif share < threshold:
        answer = _ABSTAINS
        because = (
            f"The picture is reasonable (p = {verdict.p_value:.4f}), but the likeliest class, {escape(name)}, has only "
            f"{percent(share)}: below your {own}."
        )
    else:
        answer = _says(name, share)
        because = f"The picture is reasonable (p = {verdict.p_value:.4f}), and its class is not below your {own}."
    shares = "the same for every class" if scores.prior is None else "its share of the training images"
    remarks = [f"<code>{escape(name_of_density)}</code>", f"p(y | x) ∝ p(x | y) p(y); p(y): {shares}"]
    figures = _figures(study)
    if "pixelcnn_accuracy" in figures:
        figure = figures["pixelcnn_accuracy"]
        remarks.append(f"classifies {percent(figure.value)} of {_test_images(figure)} correctly when it must answer")
    silent = " silent" if abstains(scores, verdict, threshold) else ""
    return (
        f'<section class="judge density{silent}"><h3>The PixelCNN, by Bayes’ rule</h3>{answer}<p>{because}</p>'
        f"{_bars(scores, scores.density, threshold)}"
        f"{_remarks(remarks)}</section>"
    )


def likelihoods_html(scores: ClassScores, log_prob: float, study: Card | None) -> str:
    """The densities p(x | y) of both, class by class.

    Args:
        scores: What they say.
        log_prob: Unconditional log p(x) of the density, nats.
        study: The card of what was measured, if there is one.
    """
    own, other_way = scores.log_likelihood, scores.by_classifier(log_prob)
    first, other = int(own.argmax()), int(other_way.argmax())
    gaps = (own - other_way).abs()
    widest = int(gaps.argmax())
    if first == other:
        gap = nats(float(gaps[first]))
        agree = f"Both columns make {_a(scores.names[first])} the likeliest reading, {gap} nats apart;"
    else:
        agree = (
            f"One column makes {_a(scores.names[first])} the likeliest reading, the other {_a(scores.names[other])};"
        )
    sides = "less" if float(own[widest] - other_way[widest]) > 0 else "more"
    agree += (
        f" they differ most for {_a(scores.names[widest])}, which the classifier makes "
        f"{nats(float(gaps[widest]))} nats {sides} likely."
    )
    rows = "".join(
        f'<tr{" class=first" if i in (first, other) else ""}><th scope="row">{_dot(i)}{escape(name)}</th>'
        f"<td>{_mark(float(own[i]), i == first)}</td><td>{_mark(float(other_way[i]), i == other)}</td>"
        f"<td>{_difference(float(other_way[i] - own[i]))}</td></tr>"
        for i, name in enumerate(scores.names)
    )
    figures, average = _figures(study), ""
    if {"log_prob_given_class", "log_prob_given_class_by_bayes"} <= figures.keys():
        alone, made = figures["log_prob_given_class"], figures["log_prob_given_class_by_bayes"]
        average = (
            f"<p>Given the true class, {_test_images(alone)} have {nats(alone.value)} nats on average by the PixelCNN "
            f"alone, {nats(made.value)} when made from the classifier.</p>"
        )
    two_ways = (
        f"log p(x) = {nats(log_prob)} nats without a class (label “any class”), and {nats(scores.log_prob)} as the sum "
        "of p(x | y) p(y) over the classes: the same quantity, computed in two ways by one network. The table is in "
        "nats; bold is the likeliest of a column."
    )
    return f"""<section class="other-way"><h3>The other way round: a density made from a classifier</h3>
<div><p>log p(x | y) = log p(y | x) + log p(x) − log p(y): the classifier's p(y | x) says how the classes differ, the
PixelCNN's p(x) how likely the picture is at all.</p>
<p><b>{agree}</b></p>{average}
{note_html(two_ways)}</div>
<table><thead><tr><th scope="col">y</th><th scope="col">PixelCNN's own log p(x | y)</th>
<th scope="col">made from the classifier</th><th scope="col">difference</th></tr></thead><tbody>
{rows}</tbody></table></section>"""


def study_html(study: BayesStudy, card: Card) -> str:
    """Accuracy against coverage, on pictures of the known kind alone and with outliers mixed in.

    Args:
        study: What was measured.
        card: Its card.
    """
    known = [
        Curve("classifier", "classifier", "own", study.accuracy["classifier"]),
        Curve("PixelCNN, by Bayes' rule", "density", "own", study.accuracy["pixelcnn"]),
    ]
    mixed = [
        Curve("classifier; abstains by its p(y | x)", "classifier", "own", study.mixed_accuracy["classifier"]),
        Curve("classifier; abstains by PixelCNN's p(x)", "classifier", "log_prob", study.mixed_accuracy["joined"]),
        Curve("PixelCNN; abstains by its p(y | x)", "density", "own", study.mixed_accuracy["pixelcnn"]),
        Curve("PixelCNN; abstains by its p(x)", "density", "log_prob", study.mixed_accuracy["log_prob"]),
        Curve("PixelCNN; by distance to the usual p(x)", "density", "typicality", study.mixed_accuracy["typicality"]),
    ]
    half = {name: accuracy(curve, 50) for name, curve in study.mixed_accuracy.items()}
    gain = 100 * float(study.mixed_accuracy["joined"][50] - study.mixed_accuracy["classifier"][50])
    change = f": {half['joined']} instead of {half['classifier']}"
    if gain > 0:
        worth = f"is worth {gain:.1f} points{change}."
    elif gain < 0:
        worth = (
            f"costs {-gain:.1f} points{change}, for simple outliers can be likely pictures: p(x) has to be corrected "
            "for that."
        )
    else:
        worth = f"changes nothing: {half['joined']}."
    naming = {name: {at: accuracy(curve, at) for at in (95, 100)} for name, curve in study.accuracy.items()}
    kind = dataset_of(card.dataset).full
    outliers = CATALOG[study.outliers].full if study.outliers in CATALOG else set_words(study.outliers)
    protocols = {metric.name: metric.protocol for metric in card.metrics}
    counted = f"the first {int(card.config['test_images']):,} test images"
    return f"""<section class="study"><h3>What abstaining is worth, measured</h3>
<div class="charts"><figure><figcaption><b>Only pictures of the kind they know</b>: {escape(kind)}, {counted}. If all
are answered, the classifier classifies {naming["classifier"][100]} correctly and the PixelCNN
{naming["pixelcnn"][100]}; if both abstain on the 5 % they are least sure of, {naming["classifier"][95]} and
{naming["pixelcnn"][95]}.</figcaption>
{coverage_chart(known, 95)}</figure>
<figure><figcaption><b>Half of them are something else</b>: {escape(outliers)}, where every answer is wrong. If half
are left unanswered, choosing these by the PixelCNN's p(x) before the classifier answers {worth} The PixelCNN's own
p(y | x), from which p(x) has cancelled, gives {half["pixelcnn"]}.</figcaption>
{coverage_chart(mixed, 50, 0.0)}</figure></div>
<details><summary>The numbers, and how they were measured</summary>
<p>Known pictures: {escape(protocols.get("classifier_accuracy_at_95_percent", ""))}.</p>
<div class="scroll">{coverage_table(known)}</div>
<p>Half something else: {escape(protocols.get("mixed_accuracy_at_half_joined", ""))}.</p>
<div class="scroll">{coverage_table(mixed)}</div>
<p>{escape(card.split)}. Card: <code>{escape(card.name)}</code>.</p></details></section>"""


def _a(name: str) -> str:
    """A class as a thing: "an 8", "a 3"; a word in quotes."""
    if name.isdigit():
        return f"an {name}" if name in ("8", "11", "18") else f"a {name}"
    return f"“{escape(name)}”"


_ABSTAINS = '<p class="says abstains"><b>It abstains</b></p>'


def _says(name: str, share: float) -> str:
    return f'<p class="says">It says: <b>{escape(name)}</b> <span>{percent(share)}</span></p>'


def _bars(scores: ClassScores, probs: Tensor, threshold: float | None = None) -> str:
    """Probabilities of the classes as bars from 0 to 100 %, and the threshold below which none is an answer."""
    best = int(probs.argmax())
    rows = "".join(
        f"<li{' class=best' if i == best else ''}><span>{escape(name)}</span>"
        f'<i aria-hidden="true"><b style="width:{100 * share:.2f}%;background:{CLASS_COLORS[i % len(CLASS_COLORS)]}">'
        f"</b></i><span>{percent(share, '&gt; ', '&lt; ')}</span></li>"
        for i, (name, share) in enumerate(zip(scores.names, probs.tolist(), strict=True))
    )
    line = f' style="--threshold:{threshold:.4f}"' if threshold is not None else ""
    return f'<ul class="bars{" with-threshold" if line else ""}"{line}>{rows}</ul>'


def _remarks(remarks: list[str]) -> str:
    """Remarks in a line, each of which is translated by itself."""
    return note_html(" · ".join(f"<span>{remark}</span>" for remark in remarks))


def _dot(index: int) -> str:
    return f'<i aria-hidden="true" style="background:{CLASS_COLORS[index % len(CLASS_COLORS)]}"></i>'


def _mark(value: float, first: bool) -> str:
    return f"<b>{nats(value)}</b>" if first else nats(value)


def _difference(value: float) -> str:
    return ("+" if value > 0 else "") + nats(value)


def _figures(card: Card | None) -> dict[str, Metric]:
    return {metric.name: metric for metric in card.metrics} if card else {}


def _comparison(study: Card | None) -> str:
    """Which one to believe when both disagree, as far as that was measured."""
    figures = _figures(study)
    if not {"classifier_accuracy", "pixelcnn_accuracy"} <= figures.keys():
        return ""
    one, other = figures["classifier_accuracy"], figures["pixelcnn_accuracy"]
    return (
        f"Of {_test_images(one)}, the classifier classifies {percent(one.value)} correctly, the PixelCNN "
        f"{percent(other.value)}."
    )


def _test_images(metric: Metric) -> str:
    """On how many pictures something was measured, as its protocol says."""
    found = re.search(r"(?:first )?[\d,]*\d test images", metric.protocol)
    counted = found.group() if found else metric.protocol
    return escape(f"the {counted}" if counted.startswith("first") else counted)
