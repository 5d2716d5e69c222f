"""Where a picture surprised a model, pixel by pixel."""

from pathlib import Path
from typing import Any

import gradio as gr
from torch import Tensor

from demo.theme import MAGMA

_FOLDER = Path(__file__).parent


class HeatMap(gr.HTML):
    """Surprise in magma with its scale, the picture's outline over it; pointing at a pixel tells its numbers.

    Its value is what :func:`surprise_map` makes; drawing and pointing need no server.

    Args:
        value: The map to begin with.
        **options: As for ``gr.HTML``.
    """

    def __init__(self, value: dict[str, Any] | None = None, **options: Any) -> None:
        super().__init__(
            value=value,
            colors=list(MAGMA),
            html_template=(_FOLDER / "template.html").read_text(),
            css_template=(_FOLDER / "style.css").read_text(),
            js_on_load=(_FOLDER / "script.js").read_text(),
            apply_default_css=False,
            **options,
        )


def surprise_map(image: Tensor, surprise: Tensor, total: str) -> dict[str, Any]:
    """A value of :class:`HeatMap`.

    Args:
        image: ``uint8`` (H, W).
        surprise: -log p of each pixel given those before it, nats, (H, W).
        total: What the surprise adds up to, in words; shown under the map as plain text.
    """
    height, width = surprise.shape
    most = int(surprise.argmax())
    return {
        "height": height,
        "width": width,
        "pixels": image.flatten().tolist(),
        "surprise": [round(nats, 4) for nats in surprise.flatten().tolist()],
        "total": total,
        "alt": (
            f"Surprise map. {total} Most surprising: row {most // width + 1}, column {most % width + 1}, "
            f"{float(surprise.max()):.2f} nats. Arrow keys walk over the pixels."
        ),
    }
