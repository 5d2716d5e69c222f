"""Numbers and notices as the page shows them."""

import math
from html import escape


def nats(value: float, digits: int = 1) -> str:
    """A number for a reader: commas between thousands, a true minus; an infinite one by its sign, a dash for none."""
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "−∞" if value < 0 else "∞"
    return f"{value:,.{digits}f}".replace("-", "−")


def percent(share: float, over: str = "over ", under: str = "under ") -> str:
    """A probability for a reader, never rounded to certainty.

    Args:
        share: From 0 to 1.
        over: What stands before 99.9 % where it is larger.
        under: What stands before 0.1 % where it is smaller.
    """
    if math.isnan(share):
        return "–"
    if share >= 0.9995:
        return f"{over}99.9 %"
    return f"{under}0.1 %" if share < 0.0005 else f"{100 * share:.1f} %"


def duration(minutes: float) -> str:
    """A time for a reader, in minutes or in hours."""
    if minutes < 1:
        return "under a minute"
    return f"{minutes:.0f} minutes" if minutes < 120 else f"{minutes / 60:.1f} hours"


def note_html(content: str) -> str:
    """A remark in small type.

    Args:
        content: HTML; text from elsewhere has to be escaped.
    """
    return f'<p class="lab-note">{content}</p>'


def message_html(message: str) -> str:
    """A message to the user that screen readers announce; nothing for an empty one. It is text, and shown as such."""
    return f'<p class="message" role="alert">{escape(message)}</p>' if message else ""
