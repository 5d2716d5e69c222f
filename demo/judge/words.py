"""A detector's verdict in words a first-year student knows, every number with its meaning."""

from dataclasses import dataclass
from html import escape

import torch

from demo.base.words import nats
from gm_core import Card, Detector, Prepared, Verdict
from gm_core.data.catalog import DataSet, dataset_of

_TRIANGLE = '<path d="M12 3 22 21H2z"/><path d="M12 10v5m0 2.5v.5"/>'
_TICK = '<circle cx="12" cy="12" r="9.5"/><path d="m7.5 12.5 3 3 6-6.5"/>'

GROUND = 16
"""Grey levels by which the ground may differ from black."""

LIGHTER = 48
"""Grey levels by which a pixel that is not ground differs from it."""


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
        "the 40 worst pixels",
        "nats a pixel",
        "not one of its pixels is a surprise, as some are in every one of {many}",
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
        "clumps of surprise",
        "product",
        "its surprises avoid each other, as they do not in {many}",
        "what surprises lies side by side: a whole part of it is not what the model knows",
        "Whether surprising pixels are neighbours. For a picture that the model drew itself, 0 on average.",
    ),
    "complexity_png": ScoreWords(
        "complexity (PNG)",
        "bits",
        "it is far easier for the model than its file is long",
        "a simple file, but not simple to a model of {many}: its shapes are others",
        "−log₂ p(x) less the length of a PNG file: is it hard because it is complex, or because it is strange?",
    ),
    "complexity_webp": ScoreWords(
        "complexity (WebP)",
        "bits",
        "it is far easier for the model than its file is long",
        "a simple file, but not simple to a model of {many}: its shapes are others",
        "−log₂ p(x) less the length of a lossless WebP file.",
    ),
    "likelihood_ratio": ScoreWords(
        "likelihood ratio",
        "nats",
        "it is no likelier than to a model that has only seen {many} spoilt: the look is right, the shapes are not",
        "it is far likelier than to a model that has only seen {many} spoilt, more so than they are",
        "log p(x) less that of a background model, trained on pictures with a fifth of their pixels replaced.",
    ),
    "reconstruction": ScoreWords(
        "VAE: rebuilt",
        "nats",
        "the VAE cannot rebuild it from what it knows of {many}",
        "the VAE rebuilds it more easily than {many}",
        "How well it survives the way through the VAE's latent space: E log p(x | z).",
    ),
    "kl": ScoreWords(
        "VAE: code",
        "nats",
        "its code in the VAE says less than those of {many}",
        "its code in the VAE lies far from those of {many}",
        "What its code costs the VAE: KL(q(z | x) ‖ p(z)).",
    ),
}


@dataclass(frozen=True)
class Judgement:
    """A picture as it was judged.

    Attributes:
        dataset: Whose detector judged it.
        prepared: What the model saw, and how it came to be.
        verdict: What the detector says of it.
    """

    dataset: str
    prepared: Prepared
    verdict: Verdict


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
        return f"as unusual as 1 in {round(1 / verdict.p_value):,} of the {dataset.many} it is compared with"
    return f"{100 * verdict.p_value:.0f} of 100 {dataset.many} are at least as unusual"


def why(judgement: Judgement, detector: Detector, dataset: DataSet) -> str:
    """What is unusual about a picture, made of its scores, in a sentence or two."""
    verdict = judgement.verdict
    if verdict.verdict == "reasonable":
        return f"Nothing about it stands out: it is as likely, as complex and as easily rebuilt as {dataset.many} are."
    name = strangest(verdict, detector)
    low = verdict.scores[name] < _middle(detector, name)
    words = SCORE_WORDS[name]
    reason = (words.low if low else words.high).format(many=dataset.many)
    where = _where(judgement, dataset)
    return f"{where} {reason[0].upper()}{reason[1:]}.".strip()


def strangest(verdict: Verdict, detector: Detector) -> str:
    """The score that lies farthest from the usual, in half-widths of the middle 95 % of held-out pictures."""

    def distance(name: str) -> float:
        middle, value = _middle(detector, name), verdict.scores[name]
        low, high = detector.usual_range(name, 0.05)
        width = middle - low if value < middle else high - middle
        return abs(value - middle) / max(width, 1e-9)

    return max(verdict.scores, key=distance)


def _middle(detector: Detector, name: str) -> float:
    held_out = detector.held_out[name]
    return float(held_out[len(held_out) // 2])


def _where(judgement: Judgement, dataset: DataSet) -> str:
    """Where the surprise that was not expected lies: on the ground, or on what is drawn."""
    image = judgement.prepared.image[0].float()
    if len(image) != 1:  # a photograph has no ground
        return ""
    edge = torch.cat([image[0, 0], image[0, -1], image[0, :, 0], image[0, :, -1]])
    ground = float(edge.median())
    if ground > GROUND:
        return f"Its ground is grey (level {ground:.0f}), where {dataset.many} have black."
    drawn = (image - ground).abs() > LIGHTER
    excess = (judgement.verdict.surprise - judgement.verdict.expected).clamp_min(0)
    total = float(excess.sum())
    if not bool(drawn.any()) or total <= 0:
        return "There is nothing on it." if not bool(drawn.any()) else ""
    share = float(excess[~drawn].sum()) / total
    figure = dataset.figure
    if share > 0.75:
        return f"What surprises lies around {figure} rather than in {'them' if figure.endswith('s') else 'it'}."
    if share < 0.25:
        return f"The ground is fine; what surprises lies in {figure}."
    return ""


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
    verdict, dataset = judgement.verdict, dataset_of(judgement.dataset)
    good = verdict.verdict == "reasonable"
    unit = "bits per pixel" if len(judgement.prepared.image[0]) == 1 else "bits per colour value"
    return (
        f'<div class="verdict {verdict.verdict}" aria-live="polite"><div class="headline">'
        f'<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">{_TICK if good else _TRIANGLE}</svg>'
        f"<p><b>{verdict.verdict.capitalize()}</b> as {dataset.one}: "
        f'{sentence(verdict, len(detector), dataset)} <span class="p">(<span>p = {verdict.p_value:.4f}</span>, '
        f"{'above' if good else 'not above'} {100 * verdict.alpha:g} %)</span></p></div>"
        f'<p class="why">{why(judgement, detector, dataset)}</p>'
        f"<p><b>log p(x) = {nats(verdict.log_prob)} nats</b> · {verdict.bits_per_dim:.2f} {unit} · "
        f"{rank(verdict.log_prob, detector, dataset)}</p></div>"
    )


def scores_html(judgement: Judgement, detector: Detector) -> str:
    """Every score by itself: its value, its place among the held-out pictures, and its own p-value."""
    verdict, dataset = judgement.verdict, dataset_of(judgement.dataset)
    worst = strangest(verdict, detector)
    rows = []
    for name, value in verdict.scores.items():
        words, p_value = SCORE_WORDS[name], verdict.p_values[name]
        share = detector.share_below(name, value)
        place, strange = 100 * share, p_value <= verdict.alpha
        beyond = "below all" if share == 0 else "above all" if share == 1 else f"above {place:.0f} %"
        rows.append(
            f'<tr class="{"strange" if strange else "usual"}{" worst" if name == worst and strange else ""}">'
            f'<th scope="row">{words.title}<small>{words.means}</small></th>'
            f'<td class="value">{nats(value, 2 if abs(value) < 10 else 1)}<small>{words.unit}</small></td>'
            f'<td class="place"><span class="track" role="img" aria-label="{beyond} of held-out {dataset.many}">'
            f'<i style="left:{place:.1f}%"></i></span><small>{beyond}</small></td>'
            f'<td class="p">{p_value:.4f}</td></tr>'
        )
    return (
        '<div class="scores"><p>No single number is enough: each is easily met by accident. The verdict asks how far '
        f"this picture's {len(rows)} numbers <i>together</i> lie from those of {len(detector):,} held-out "
        f"{dataset.many}. p is that of one number by itself; orange: unusual at the rate you accept.</p>"
        "<table><thead><tr>"
        f'<th scope="col">score</th><th scope="col">value</th><th scope="col">among {dataset.many}</th>'
        f'<th scope="col">p</th></tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
    )


def seen_html(prepared: Prepared, url: str) -> str:
    """What the model sees, and the way there.

    Args:
        prepared: The picture.
        url: The picture as an image's address.
    """
    height, width = prepared.image.shape[-2:]
    steps = "".join(f"<li>{escape(step)}</li>" for step in prepared.steps) or "<li>taken as it is</li>"
    return (
        f'<div class="seen"><p><span aria-hidden="true">↳</span> <b>What the model sees</b>, {width}×{height}</p>'
        f'<img src="{escape(url)}" alt="The prepared picture"><ol>{steps}</ol></div>'
    )


def both_ends_html(empty: Verdict, detector: Detector, dataset: DataSet) -> str:
    """Why too likely is suspicious, on the empty picture's own number.

    Args:
        empty: The verdict on an empty picture.
        detector: The detector.
        dataset: What it knows.
    """
    return (
        '<p class="both-ends">Striped: unusual, at both ends. <b>Too likely is as suspicious as too unlikely</b>: '
        f"an empty picture has log p(x) = {nats(empty.log_prob)} nats, "
        f"{rank(empty.log_prob, detector, dataset)}, and still is not {dataset.one}.</p>"
    )


def measured_html(card: Card, dataset: DataSet) -> str:
    """Which models judge, and how often they were measured to refuse what they know."""
    models = ", ".join(escape(str(card.config[part]["name"])) for part in ("pixelcnn", "background", "vae"))
    rates = [metric for metric in card.metrics if metric.name.startswith("false_alarm_rate_at_")]
    measured = ", ".join(
        f"{100 * metric.value:.1f} % at {100 * float(metric.name.rsplit('_', 1)[1]):g} %" for metric in rates
    )
    return (
        f'<p class="lab-note">Judged by {models}; {escape(card.split)}. '
        f"False alarms measured on test {dataset.many} that it never saw: {measured or 'not yet'}.</p>"
    )
