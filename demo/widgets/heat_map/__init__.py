"""Where a picture surprised a model, pixel by pixel."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr
from torch import Tensor

from demo.base.theme import MAGMA

_FOLDER = Path(__file__).parent

DIVERGING = ("#1d4f91", "#7fa7d6", "#ffffff", "#f0a35e", "#b0560c")
"""Blue, white, orange: a comparison, with white where both agree."""


class HeatMap(gr.HTML):
    """A map of surprise, or of how it compares with a background model's, with the picture's outline over it.

    Pointing at a pixel tells its numbers, and fetches the distribution that the model had predicted for it.

    Args:
        value: What :func:`heat_map` makes.
        predict: From ``domain``, ``pixels`` (all values, channels first) and ``index`` to ``p``, the probabilities of
            all levels of the pixel's channels in turn, or an ``error``.
        **options: As for ``gr.HTML``.
    """

    def __init__(
        self,
        value: dict[str, Any] | None = None,
        *,
        predict: Callable[[Any], dict[str, Any]] | None = None,  # Gradio builds it without one, too
        **options: Any,
    ) -> None:
        def predicted(sent: Any) -> dict[str, Any]:
            return predict(sent) if predict else {}

        super().__init__(
            self.postprocess(value),
            colors=",".join(MAGMA),
            diverging=",".join(DIVERGING),
            html_template=(_FOLDER / "template.html").read_text(),
            css_template=(_FOLDER / "style.css").read_text(),
            js_on_load=(_FOLDER / "script.js").read_text(),
            server_functions=[predicted],
            apply_default_css=False,
            **options,
        )

    def postprocess(self, value: Any) -> str | None:
        """The maps as one text, which the page hands on whole: it would copy and wrap every number of a list."""
        return value if value is None or isinstance(value, str) else json.dumps(value)


def heat_map(
    domain: str, image: Tensor, surprise: Tensor, expected: Tensor, ratio: Tensor, total: str, against: str
) -> dict[str, Any]:
    """A value of :class:`HeatMap`.

    Args:
        domain: Whose detector judged.
        image: ``uint8`` (C, H, W).
        surprise: -log p of each value given those before it, nats, (C, H, W); a pixel's channels are added up.
        expected: What it was expected to be, nats.
        ratio: The log-likelihood ratio of each value to a background model, nats.
        total: What the surprise adds up to, in words; shown under the map as plain text.
        against: What the ratio adds up to, in words.
    """
    height, width = image.shape[1:]
    surprises = surprise.sum(dim=0).flatten()
    most = int(surprises.argmax())
    return {
        "domain": domain,
        "height": height,
        "width": width,
        "channels": len(image),
        "pixels": image.flatten().tolist(),
        "surprise": _rounded(surprises),
        "expected": _rounded(expected.sum(dim=0).flatten()),
        "ratio": _rounded(ratio.sum(dim=0).flatten()),
        "total": total,
        "against": against,
        "alt": (
            f"Surprise map. {total} Most surprising: row {most // width + 1}, column {most % width + 1}, "
            f"{float(surprises.max()):.2f} nats. Arrow keys walk over the pixels."
        ),
    }


def _rounded(nats: Tensor) -> list[float]:
    return [round(value, 4) for value in nats.tolist()]
