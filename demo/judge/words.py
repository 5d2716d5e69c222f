"""A detector's verdict in words a first-year student knows, every number with its meaning."""

from dataclasses import dataclass
from html import escape

import torch

from demo.base.words import nats, note_html
from demo.judge.judgement import Judgement
from gm_core import Card, Detector, Prepared, Verdict
from gm_core.data.catalog import DataSet

_TRIANGLE = '<path d="M12 3 22 21H2z"/><path d="M12 10v5m0 2.5v.5"/>'
_TICK = '<circle cx="12" cy="12" r="9.5"/><path d="m7.5 12.5 3 3 6-6.5"/>'

BLACK = 16
"""Grey levels by which a background that counts as black may differ from it."""

CONTRAST = 48
"""Grey levels by which what is drawn differs from its background."""

UNUSUAL = 0.1
"""A picture with a smaller p-value has something that stands out, even where it is called reasonable."""


@dataclass(frozen=True)
class ScoreWords:
    """A score for a reader.

    Attributes:
        title: Its name.
        unit: Its unit.
        low: What an unusually low one says.
        high: What an unusually high one says.
        means: What it measures, in a sentence.
    """

    title: str
    unit: str
    low: str
    high: str
    means: str


SCORE_WORDS = {
    "log_prob": ScoreWords(
        "log p(x)",
        "nats",
        "the model finds it far too unlikely",
        "it is too easy to predict, more likely than {many} are",
        "How likely the PixelCNN finds it, exactly. Too likely is as suspicious as too unlikely.",
    ),
    "entropy": ScoreWords(
        "expected surprise",
        "nats",
        "it left the model too sure of what comes next, as an empty picture does",
        "it left the model unsure of almost every pixel",
        "The surprise that the model expected on its way: the entropies of all its predictions, added up.",
    ),
    "excess": ScoreWords(
        "excess surprise",
        "standard deviations",
        "it follows the model's guesses more closely than {many} do",
        "its pixels surprise the model far more than it expected",
        "Observed less expected surprise. For a picture that the model drew itself, 0 give or take 1.",
    ),
    "peak": ScoreWords(
        "the 40 most surprising pixels",
        "nats per pixel",
        "none of its pixels surprises the model, as some do in real {many}",
        "some of its pixels are all but impossible",
        "Mean of the 40 largest surprises: a few impossible pixels are lost in a sum over all.",
    ),
    "spread": ScoreWords(
        "spread of surprise",
        "nats",
        "its surprise is spread too evenly over the pixels",
        "its surprise is concentrated on a few pixels",
        "Standard deviation of the surprise over the pixels.",
    ),
    "clustering": ScoreWords(
        "clustering of surprise",
        "product",
        "its surprising pixels are more scattered than in real {many}",
        "its surprising pixels lie together: a whole part of it looks unlike any {noun}",
        "Whether surprising pixels are neighbours. For a picture that the model drew itself, 0 on average.",
    ),
    "complexity_png": ScoreWords(
        "complexity (PNG)",
        "bits",
        "the model finds it far easier than the length of its file suggests",
        "its file is much shorter than the model's log p(x) suggests: simple, but not like {one}",
        "−log₂ p(x) less the length of a PNG file: is it hard because it is complex, or because it is unusual?",
    ),
    "complexity_webp": ScoreWords(
        "complexity (WebP)",
        "bits",
        "the model finds it far easier than the length of its file suggests",
        "its file is much shorter than the model's log p(x) suggests: simple, but not like {one}",
        "−log₂ p(x) less the length of a lossless WebP file.",
    ),
    "likelihood_ratio": ScoreWords(
        "likelihood ratio",
        "nats",
        "a background model, trained on corrupted {many}, finds it almost as likely: right texture, wrong shapes",
        "the model finds it far likelier than a background model does, more so than real {many}",
        "log p(x) less that of a background model, trained on pictures with a fifth of their pixels replaced.",
    ),
    "reconstruction": ScoreWords(
        "VAE: reconstruction",
        "nats",
        "the VAE cannot reconstruct it from what it knows of {many}",
        "the VAE reconstructs it more easily than {many}",
        "How well it survives the way through the VAE's latent space: E log p(x | z).",
    ),
    "kl": ScoreWords(
        "VAE: code",
        "nats",
        "its code in the VAE carries less information than those of {many}",
        "its code in the VAE lies far from those of {many}",
        "What its code costs the VAE: KL(q(z | x) ‖ p(z)).",
    ),
}


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
    return f"{100 * verdict.p_value:.0f} of 100 real {dataset.many} are at least as unusual"


def why(judgement: Judgement, detector: Detector) -> str:
    """What is unusual about a picture, made of its scores, in a sentence or two."""
    verdict, dataset = judgement.verdict, judgement.record
    reasonable = verdict.verdict == "reasonable"
    if reasonable and verdict.p_value > UNUSUAL:
        return (
            f"Nothing about it stands out: it is as likely, as complex and as easily reconstructed as {dataset.many}."
        )
    name = most_unusual(verdict, detector)
    low = verdict.scores[name] < _median(detector, name)
    words = SCORE_WORDS[name]
    reason = (words.low if low else words.high).format(one=dataset.one, noun=dataset.noun, many=dataset.many)
    if reasonable:
        return f"It is accepted, but unusual: {reason}."
    return f"{_where(judgement)} {reason[0].upper()}{reason[1:]}.".strip()


def most_unusual(verdict: Verdict, detector: Detector) -> str:
    """The score that lies farthest from the usual.

    In half-widths of the middle 95 % of held-out pictures, or of all where they are few.
    """

    def distance(name: str) -> float:
        median, value = _median(detector, name), verdict.scores[name]
        low, high = detector.usual_range(name, max(0.05, 2 * detector.least_p_value))
        width = median - low if value < median else high - median
        return abs(value - median) / max(width, 1e-9)

    return max(verdict.scores, key=distance)


def _median(detector: Detector, name: str) -> float:
    held_out = detector.held_out[name]
    return float(held_out[len(held_out) // 2])


def _where(judgement: Judgement) -> str:
    """Where the surprise that was not expected lies: on the background, or on what is drawn."""
    dataset, image = judgement.record, judgement.prepared.image[0].float()
    if len(image) != 1:  # a photograph has no background
        return ""
    edge = torch.cat([image[0, 0], image[0, -1], image[0, :, 0], image[0, :, -1]])
    background = edge.median()
    if float((edge - background).abs().median()) > CONTRAST:  # nor has noise
        return ""
    if background > BLACK:
        return f"Its background is grey (level {background:.0f}), where {dataset.many} have black."
    foreground = (image - background).abs() > CONTRAST
    if not bool(foreground.any()):
        return "There is nothing on it."
    excess = (judgement.verdict.surprise - judgement.verdict.expected).clamp_min(0)
    total = float(excess.sum())
    if total <= 0:
        return ""
    share, figure = float(excess[~foreground].sum()) / total, dataset.figure
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
    return (
        f'<div class="verdict {verdict.verdict}" aria-live="polite"><div class="headline">'
        f'<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">{_TICK if good else _TRIANGLE}</svg>'
        f"<p><b>{verdict.verdict.capitalize()}</b> as {dataset.one}: "
        f'{sentence(verdict, len(detector), dataset)} <span class="p">(<span>p = {verdict.p_value:.4f}</span>, '
        f"{'above' if good else 'not above'} {100 * verdict.alpha:g} %)</span></p></div>"
        f'<p class="why">{why(judgement, detector)}</p>'
        f"<p><b>log p(x) = {nats(verdict.log_prob)} nats</b> · {verdict.bits_per_dim:.2f} bits per value · "
        f"{rank(verdict.log_prob, detector, dataset)}</p>{_reach(detector, verdict.alpha)}</div>"
    )


def _reach(detector: Detector, alpha: float) -> str:
    """That a false-alarm rate is too small for so few held-out pictures, if it is."""
    words = detector.reach(alpha)
    return note_html(f"{words[:1].upper()}{words[1:]}.") if words else ""


def nothing_html(text: str) -> str:
    """In the place of a verdict."""
    return f'<div class="verdict none" aria-live="polite"><div class="headline"><p>{escape(text)}</p></div></div>'


def scores_html(judgement: Judgement, detector: Detector) -> str:
    """Every score by itself: its value, its place among the held-out pictures, and its own p-value."""
    verdict, dataset = judgement.verdict, judgement.record
    worst = most_unusual(verdict, detector)
    rows = []
    for name, value in verdict.scores.items():
        words, p_value = SCORE_WORDS[name], verdict.p_values[name]
        share = detector.share_below(name, value)
        place, unusual = 100 * share, p_value <= verdict.alpha
        beyond = "below all" if share == 0 else "above all" if share == 1 else f"above {place:.0f} %"
        rows.append(
            f'<tr class="{"unusual" if unusual else "usual"}{" worst" if name == worst and unusual else ""}">'
            f'<th scope="row">{words.title}<small>{words.means}</small></th>'
            f'<td class="value">{nats(value, 2 if abs(value) < 10 else 1)}<small>{words.unit}</small></td>'
            f'<td class="place"><span class="track" role="img" aria-label="{beyond} of held-out {dataset.many}">'
            f'<i style="left:{place:.1f}%"></i></span><small>{beyond}</small></td>'
            f'<td class="p">{p_value:.4f}</td></tr>'
        )
    return (
        '<div class="scores"><p>No single score is enough: each can be usual by accident. The verdict asks how far '
        f"this picture's {len(rows)} scores <i>together</i> lie from those of {len(detector):,} held-out "
        f"{dataset.many}. p: for this score alone; orange: unusual at the rate you accept.</p>"
        "<table><thead><tr>"
        f'<th scope="col">score</th><th scope="col">value</th><th scope="col">among {dataset.many}</th>'
        f'<th scope="col">p</th></tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
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
    models = ", ".join(escape(str(card.config[part]["name"])) for part in dataset.detector_parts)
    rates = [metric for metric in card.metrics if metric.name.startswith("false_alarm_rate_at_")]
    measured = ", ".join(
        f"{100 * metric.value:.1f} % (target {100 * float(metric.name.rsplit('_', 1)[1]):g} %)" for metric in rates
    )
    return note_html(
        f"Judged by {models}; {escape(card.split)}. "
        f"False alarms measured on test {dataset.many} that the detector never saw: {measured or 'not yet'}."
    )
