"""A detector's verdict in words a first-year student knows, every number with its meaning."""

import math
from html import escape

import torch

from demo.base.words import nats, note_html
from demo.judge.judgement import Judgement
from demo.judge.score_words import FEATURE_WORDS, SCORE_WORDS, ScoreWords
from demo.shell.glossary import word
from gm_core import Card, Detector, Prepared, Verdict
from gm_core.data.catalog import DataSet
from gm_core.studies import DETECTORS

_TRIANGLE = '<path d="M12 3 22 21H2z"/><path d="M12 10v5m0 2.5v.5"/>'
_TICK = '<circle cx="12" cy="12" r="9.5"/><path d="m7.5 12.5 3 3 6-6.5"/>'

BLACK, WHITE = 16, 240
"""Grey levels up to and from which a background counts as black and as white."""

CONTRAST = 48
"""Grey levels by which what is drawn differs from its background."""

PLAIN = 24
"""Grey levels within which a background is one grey."""

UNRELATED = 0.2
"""Correlation of neighbouring pixels below which a picture is noise; strokes and photographs have 0.6 and more."""

WIDESPREAD = 0.4
"""Share of pixels that surprise the model from which on they are no part of the picture, but nearly all of it."""

GRADES = ((0.01, "Very unusual"), (0.05, "Unusual"), (0.2, "A little unusual"))
"""What a picture is called up to a p-value; above the last, nothing about it stands out."""


def sentence(verdict: Verdict, held_out: int, dataset: DataSet) -> str:
    """What the p-value says, counted in held-out pictures.

    Args:
        verdict: The verdict.
        held_out: How many held-out pictures there are.
        dataset: What they are.
    """
    if verdict.peers == 0:
        return f"more unusual than all {held_out:,} {dataset.many} it is compared with"
    if verdict.p_value < 0.2:
        return f"only 1 in {round(1 / verdict.p_value):,} real {dataset.many} is this unusual"
    if verdict.p_value == 1:  # neither test finds anything, and how many others say the same is not counted
        return f"most real {dataset.many} are at least as unusual"
    return f"{100 * verdict.p_value:.0f} of 100 real {dataset.many} are at least as unusual"


def why(judgement: Judgement, detector: Detector) -> str:
    """What is unusual about a picture, and how much, made of its scores; true at every p-value and every rate."""
    return " ".join(_sentences(judgement, detector))


def _sentences(judgement: Judgement, detector: Detector) -> list[str]:
    verdict = judgement.verdict
    grade = _grade(verdict.p_value)
    name = most_unusual(verdict, detector)
    # What the scores find is told, even where the classifier finds the picture a little more unusual.
    by_scores = _grade(verdict.weighted["density"]) == grade
    reason = _reason(name, judgement, detector) if by_scores else _feature_reason(judgement, detector)
    if not grade:
        if verdict.p_values[name] > 0.05:
            return [f"Nothing about it stands out: none of its {len(verdict.scores)} scores is unusual."]
        seen = reason.partition(":")[0]  # what that usually means does not hold for an ordinary picture
        return [f"All in all it is ordinary, although {seen}."]
    parts = [_look(judgement)] if by_scores and verdict.p_value <= 0.05 else []
    parts.append(f"{grade}: {reason}.")
    if verdict.refused_by == ("features",):
        parts.append(f"Its {len(verdict.scores)} scores alone would pass.")
    if verdict.verdict == "reasonable" and verdict.p_value <= 0.05:
        parts.append("It passes only because you accept so few false alarms.")
    if verdict.verdict == "unreasonable" and verdict.p_value > 0.05:
        parts.append("It is refused only because you accept so many false alarms.")
    return [part for part in parts if part]


def _grade(p_value: float) -> str:
    return next((words for limit, words in GRADES if p_value <= limit), "")


def _reason(name: str, judgement: Judgement, detector: Detector) -> str:
    """What one score says, compared with the held-out pictures."""
    dataset, value = judgement.record, judgement.verdict.scores[name]
    below = detector.share_below(name, value)
    is_low = value < _median(detector, name)
    beyond = 1 - below if is_low else below
    most = f"all {len(detector):,} {dataset.many}" if beyond >= 1 else f"{_percent(beyond)} of {dataset.many}"
    words = SCORE_WORDS[name]
    if name == "clustering" and not is_low and _is_plain(judgement.prepared.image[0].float()):
        return f"its surprising pixels lie together, more than in {most}"
    if name == "clustering" and not is_low and _is_widespread(judgement):
        return "nearly all of its pixels surprise the model"
    return (words.low if is_low else words.high).format(
        one=dataset.one, noun=dataset.noun, many=dataset.many, most=most
    )


def _feature_reason(judgement: Judgement, detector: Detector) -> str:
    """What the second test says, compared with the held-out pictures."""
    dataset, beyond = judgement.record, detector.share_nearer(judgement.verdict)
    most = f"all {len(detector):,} {dataset.many}" if beyond >= 1 else f"{_percent(beyond)} of {dataset.many}"
    return FEATURE_WORDS.high.format(noun=dataset.noun, most=most)


def _percent(share: float) -> str:
    """A share in percent, never rounded to all."""
    return f"{min(99.9, 100 * share):.1f} %" if share > 0.99 else f"{100 * share:.0f} %"


def _is_widespread(judgement: Judgement) -> bool:
    """Whether not a part of the picture, but most of it surprises the model."""
    verdict = judgement.verdict
    return float(((verdict.surprise - verdict.expected).sum(dim=0) > 0.5).double().mean()) > WIDESPREAD


def most_unusual(verdict: Verdict, detector: Detector) -> str:
    """The score with the smallest p-value; of those, the farthest from the usual.

    That is measured in half-widths of the middle 95 % of the held-out pictures, or of all where they are few.
    """

    def distance(name: str) -> float:
        median, value = _median(detector, name), verdict.scores[name]
        low, high = detector.usual_range(name, max(0.05, 2 * detector.least_p_value))
        width = median - low if value < median else high - median
        return abs(value - median) / max(width, 1e-9)

    return min(verdict.scores, key=lambda name: (verdict.p_values[name], -distance(name)))


def _median(detector: Detector, name: str) -> float:
    held_out = detector.held_out[name]
    return float(held_out[len(held_out) // 2])


def _look(judgement: Judgement) -> str:
    """What can be seen of an unusual picture at once: that it is plain, noise, or on another background."""
    dataset, pixels = judgement.record, judgement.prepared.image[0].float()
    if _is_plain(pixels):
        if len(pixels) > 1:
            return "It is one colour all over."
        return f"There is nothing on it: it is {_grey(float(pixels.median()))} all over."
    if abs(_correlation(pixels)) < UNRELATED:
        return "It is noise: neighbouring pixels have nothing to do with each other."
    if len(pixels) > 1:  # a photograph has no background
        return ""
    edge = torch.cat([pixels[0, 0], pixels[0, -1], pixels[0, :, 0], pixels[0, :, -1]])
    background = edge.median()
    if float(((edge - background).abs() < PLAIN).double().mean()) < 0.75:
        return ""
    if background > BLACK:
        return f"Its background is {_grey(float(background))}, where {dataset.many} have black."
    return _place(judgement, pixels, (pixels - background).abs() > CONTRAST)


def _is_plain(pixels: torch.Tensor) -> bool:
    return float((pixels.flatten(1).amax(dim=1) - pixels.flatten(1).amin(dim=1)).max()) < PLAIN


def _grey(level: float) -> str:
    return "black" if level <= 0 else "white" if level >= WHITE else f"grey (level {level:.0f})"


def _correlation(pixels: torch.Tensor) -> float:
    """Of neighbouring pixels, in a row and in a column."""
    centred = pixels - pixels.mean(dim=(1, 2), keepdim=True)
    beside = (centred[:, :, 1:] * centred[:, :, :-1]).mean() + (centred[:, 1:] * centred[:, :-1]).mean()
    return float(beside / 2 / centred.square().mean().clamp_min(1e-9))


def _place(judgement: Judgement, pixels: torch.Tensor, foreground: torch.Tensor) -> str:
    """Whether the surprise that was not expected lies in what is drawn, or around it."""
    excess = (judgement.verdict.surprise - judgement.verdict.expected).clamp_min(0)
    total = float(excess.sum())
    if total <= 0:
        return ""
    share, figure = float(excess[~foreground].sum()) / total, judgement.record.figure
    if share > 0.75:
        pronoun = "them" if figure.endswith("s") else "it"
        return f"The surprising pixels lie around {figure} rather than in {pronoun}."
    return f"The background is fine; the surprising pixels lie in {figure}." if share < 0.25 else ""


def rank(value: float, detector: Detector, dataset: DataSet) -> str:
    """A likelihood among those of the held-out pictures."""
    held_out, share = len(detector), detector.share_below("log_prob", value)
    if share == 1:
        return f"more likely than all {held_out:,} held-out {dataset.many}"
    if share == 0:
        return f"less likely than all {held_out:,} held-out {dataset.many}"
    if share < 0.001:
        return f"more likely than only {round(share * held_out)} of {held_out:,} held-out {dataset.many}"
    if share > 0.999:
        return f"more likely than all but {round((1 - share) * held_out)} of {held_out:,} held-out {dataset.many}"
    digits = 1 if share < 0.01 or share > 0.99 else 0
    return f"more likely than {100 * share:.{digits}f} % of {held_out:,} held-out {dataset.many}"


def verdict_html(judgement: Judgement, detector: Detector) -> str:
    """The verdict, the likelihood and what they mean."""
    verdict, dataset = judgement.verdict, judgement.record
    good = verdict.verdict == "reasonable"
    place = "above" if good else "not above"
    average = _average_bits(judgement, detector)
    sentences = " ".join(f"<span>{one}</span>" for one in _sentences(judgement, detector))
    p_value = word("p", f"p = {verdict.p_value:.4f}")
    return (
        f'<div class="verdict {verdict.verdict}" aria-live="polite"><div class="headline">'
        f'<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">{_TICK if good else _TRIANGLE}</svg>'
        f"<p><b>{verdict.verdict.capitalize()}</b> as {dataset.one}: {sentence(verdict, len(detector), dataset)} "
        f'<span class="p">({p_value}, {place} {100 * verdict.alpha:g} %)</span></p></div>'
        f'<p class="why">{sentences}</p>'
        f'<p class="likelihood"><b>{word("log p(x)")} = {nats(verdict.log_prob)} {word("nats")}</b> · '
        f"{verdict.bits_per_dim:.2f} {word('bits per value')} (held-out {dataset.many}: {average} on average) · "
        f"{rank(verdict.log_prob, detector, dataset)}</p>{_reach(detector, verdict.alpha)}</div>"
    )


def _average_bits(judgement: Judgement, detector: Detector) -> str:
    """What the held-out pictures cost the same model, in bits per value."""
    average = float(detector.held_out["log_prob"].double().mean())
    return f"{-average / (judgement.prepared.image[0].numel() * math.log(2)):.2f}"


def _reach(detector: Detector, alpha: float) -> str:
    """That a false-alarm rate is too small for so few held-out pictures, if it is."""
    words = detector.reach(alpha)
    return note_html(f"{words[:1].upper()}{words[1:]}.") if words else ""


def nothing_html(text: str) -> str:
    """In the place of a verdict."""
    return f'<div class="verdict none" aria-live="polite"><div class="headline"><p>{escape(text)}</p></div></div>'


def scores_html(judgement: Judgement, detector: Detector) -> str:
    """Every score by itself, and the second test: value, place among the held-out pictures, and own p-value."""
    verdict, dataset = judgement.verdict, judgement.record
    worst = most_unusual(verdict, detector)
    rows = []
    for name, value in verdict.scores.items():
        p_value, share = verdict.p_values[name], detector.share_below(name, value)
        shade = ("unusual worst" if name == worst else "unusual") if p_value <= verdict.alpha else "usual"
        rows.append(_row(SCORE_WORDS[name], value, share, p_value, shade, dataset))
    second = ""
    if verdict.feature_distance is not None:
        p_value, share = verdict.tests["features"], detector.share_nearer(verdict)
        shade = "unusual" if "features" in verdict.refused_by else "usual"
        second = _row(FEATURE_WORDS, verdict.feature_distance, share, p_value, shade, dataset)
    return (
        '<div class="scores"><p>No single score is enough: each can be usual by accident. The verdict asks how far '
        f"this picture's {len(rows)} scores <i>together</i> lie from those of {len(detector):,} held-out "
        f"{dataset.many}. p: for this score alone; orange: unusual at the rate you accept.</p>"
        "<table><thead><tr>"
        f'<th scope="col">score</th><th scope="col">value</th><th scope="col">among {dataset.many}</th>'
        f'<th scope="col">p</th></tr></thead><tbody>{"".join(rows)}{second}</tbody></table></div>'
    )


def _row(words: ScoreWords, value: float, share: float, p_value: float, shade: str, dataset: DataSet) -> str:
    """A row of the table of scores."""
    beyond = "below all" if share == 0 else "above all" if share == 1 else f"above {100 * share:.0f} %"
    return (
        f'<tr class="{shade}"><th scope="row">{words.title}<small>{words.means.format(many=dataset.many)}</small></th>'
        f'<td class="value">{nats(value, 2 if abs(value) < 10 else 1)}<small>{words.unit}</small></td>'
        f'<td class="place"><span class="track" role="img" aria-label="{beyond} of held-out {dataset.many}">'
        f'<i style="left:{100 * share:.1f}%"></i></span><small>{beyond}</small></td>'
        f'<td class="p">{p_value:.4f}</td></tr>'
    )


def prepared_html(prepared: Prepared, url: str) -> str:
    """What the model sees, and the way there.

    Args:
        prepared: The picture.
        url: The picture as an image's address.
    """
    height, width = prepared.image.shape[-2:]
    steps = "".join(f"<li>{escape(step)}</li>" for step in prepared.steps) or "<li>unchanged</li>"
    return (
        f'<div class="prepared"><p><span aria-hidden="true">↳</span> <b>What the model sees</b>, {width}×{height}</p>'
        f'<img src="{escape(url)}" alt="The prepared picture"><ol>{steps}</ol></div>'
    )


def both_ends_html(empty: Verdict, detector: Detector, dataset: DataSet) -> str:
    """Why too likely is suspicious, shown by the number of an empty picture.

    Args:
        empty: The verdict on an empty picture.
        detector: The detector.
        dataset: What it knows.
    """
    return (
        '<p class="both-ends">Striped: unusual, at both ends. <b>Too likely is as suspicious as too unlikely</b>: '
        f"an empty picture has log p(x) = {nats(empty.log_prob)} nats, "
        f"{rank(empty.log_prob, detector, dataset)}, and is still not {dataset.one}.</p>"
    )


def detector_html(card: Card, dataset: DataSet) -> str:
    """Which models judge, and how often they were measured to refuse what they know."""
    judge, *others, last = map(escape, DETECTORS.sources_on(card).values())
    helpers = f"{', '.join(others)} and {last}"
    rates = [metric for metric in card.metrics if metric.name.startswith("false_alarm_rate_at_")]
    measured = ", ".join(
        f"{100 * metric.value:.1f} % (target {100 * float(metric.name.rsplit('_', 1)[1]):g} %)" for metric in rates
    )
    other = ""
    if dataset.density != dataset.pixelcnn:
        other = note_html(
            f"The tab Draw uses another PixelCNN, {escape(dataset.pixelcnn)}: it needs fewer bits per "
            "value, but lets more letters pass as digits."
        )
    return (
        note_html(f"Judged by the PixelCNN {judge}, with {helpers}.")
        + other
        + note_html(
            f"{word('false-alarm rate', 'False alarms')} measured on test {dataset.many} that the detector never saw: "
            f"{measured or 'not yet'}."
        )
    )
