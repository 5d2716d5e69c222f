"""A detector's verdict in words a first-year student knows, every number with its meaning."""

import math
from dataclasses import dataclass
from html import escape

from gm_core import Card, Detector, Prepared, Verdict
from gm_core.detection import Statistic

_TRIANGLE = '<path d="M12 3 22 21H2z"/><path d="M12 10v5m0 2.5v.5"/>'
_TICK = '<circle cx="12" cy="12" r="9.5"/><path d="m7.5 12.5 3 3 6-6.5"/>'


@dataclass(frozen=True)
class Judgement:
    """A picture as it was judged.

    Attributes:
        prepared: What the model saw, and how it came to be.
        verdict: What the detector says of it.
    """

    prepared: Prepared
    verdict: Verdict


def nats(value: float, digits: int = 1) -> str:
    """A number for reading: thousands apart, a true minus sign, an infinite one by its sign."""
    if math.isinf(value):
        return "−∞" if value < 0 else "∞"
    return f"{value:,.{digits}f}".replace("-", "−")


def sentence(verdict: Verdict, held_out: int) -> str:
    """What the p-value says, counted in held-out digits.

    Args:
        verdict: The verdict.
        held_out: How many held-out digits there are.
    """
    peers = round(verdict.p_value * (held_out + 1)) - 1
    if peers == 0:
        return f"not one of {held_out:,} held-out digits is this unusual"
    only = "only " if verdict.verdict == "unreasonable" else ""
    verb = "is" if peers == 1 else "are"
    return f"{only}{peers:,} of {held_out:,} held-out digits {verb} at least this unusual"


def why(verdict: Verdict, detector: Detector) -> str:
    """Which of the two models finds a picture unusual, and on which side of the usual."""
    low, high = detector.reasonable_range(verdict.alpha)
    if verdict.log_prob < low:
        return "It is too unlikely: the map shows which pixels the PixelCNN did not expect."
    if verdict.log_prob > high:
        return "It is too likely: that is just as suspicious, for digits are seldom this easy to predict."
    low, high = detector.reasonable_range(verdict.alpha, "bound")
    if verdict.bound < low:
        return "The PixelCNN finds nothing unusual, but the VAE cannot rebuild it from what it knows of digits."
    if verdict.bound > high:
        return "The PixelCNN finds nothing unusual, but the VAE finds it suspiciously easy to rebuild."
    return "It is about as likely as digits are, to both models."


def rank(value: float, detector: Detector, statistic: Statistic = "log_prob") -> str:
    """A likelihood among those of the held-out digits."""
    held_out = len(detector.calibration)
    share = detector.share_less_likely(value, statistic)
    if share == 1:
        return f"more likely than all {held_out:,} held-out digits"
    if share == 0:
        return f"less likely than all {held_out:,} held-out digits"
    if share < 0.001:
        return f"more likely than only {round(share * held_out)} of {held_out:,} held-out digits"
    return (
        f"more likely than {100 * share:.{1 if share < 0.01 or share > 0.99 else 0}f} % of {held_out:,} held-out digits"
    )


def verdict_html(verdict: Verdict, detector: Detector) -> str:
    """The verdict, the likelihoods and what they mean."""
    good = verdict.verdict == "reasonable"
    return (
        f'<div class="verdict {verdict.verdict}" aria-live="polite"><div class="headline">'
        f'<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">{_TICK if good else _TRIANGLE}</svg>'
        f"<p><b>{verdict.verdict.capitalize()}:</b> "
        f'{sentence(verdict, len(detector.calibration))} <span class="p">(<span>p = {verdict.p_value:.4f}</span>, '
        f"{'above' if good else 'not above'} {100 * verdict.alpha:g} %)</span></p></div>"
        f'<p class="why">{why(verdict, detector)}</p>'
        f"<p><b>log p(x) = {nats(verdict.log_prob)} nats</b> · {verdict.bits_per_dim:.2f} bits per pixel · "
        f"{rank(verdict.log_prob, detector)}</p>"
        f"<p>A second model, the VAE, bounds its own log p(x) from below: <b>≥ {nats(verdict.bound)} nats</b> · "
        f"{rank(verdict.bound, detector, 'bound')}</p>"
        "</div>"
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


def both_ends_html(empty: Verdict, detector: Detector) -> str:
    """Why the detector is two-sided, on the empty picture's own number.

    Args:
        empty: The verdict on an empty picture.
        detector: The detector.
    """
    return (
        '<p class="both-ends">Striped: refused, at both ends. <b>Too likely is as suspicious as too unlikely</b>: '
        f"an empty picture has log p(x) = {nats(empty.log_prob)} nats, "
        f"{rank(empty.log_prob, detector)}, and still is no digit.</p>"
    )


def measured_html(card: Card) -> str:
    """Which models judge, and how often they were measured to refuse a true digit."""
    models = " and ".join(escape(str(card.config[part]["name"])) for part in ("pixelcnn", "vae"))
    rates = [metric for metric in card.metrics if metric.name.startswith("false_alarm_rate_at_")]
    measured = ", ".join(
        f"{100 * metric.value:.1f} % at {100 * float(metric.name.rsplit('_', 1)[1]):g} %" for metric in rates
    )
    return (
        f'<p class="lab-note">Judged by {models}; {escape(card.split)}. '
        f"False alarms measured on test digits that it never saw: {measured or 'not yet'}.</p>"
    )


def message_html(message: str) -> str:
    """One message to the person; whatever it holds is shown as text."""
    return f'<p class="message" role="alert">{escape(message)}</p>' if message else ""
