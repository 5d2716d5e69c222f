"""One picture of a few hundred pixels, crisp and fast."""

from pathlib import Path
from typing import Any

import gradio as gr
from torch import Tensor

from demo.base.theme import MAGMA
from demo.walk.latent import packed_pictures

FOLDER = Path(__file__).parent


class PictureView(gr.HTML):
    """Draws a picture, or values from 0 up in magma, on a canvas.

    Its value is what :func:`plain` and :func:`magma` make. A picture of 28 x 28 is a message of about one kilobyte,
    where ``gr.Image`` would write a file and have the browser fetch it.
    """

    def __init__(self, value: dict[str, Any] | None = None, *, title: str = "", **options: Any) -> None:
        super().__init__(
            value,
            html_template=(FOLDER / "template.html").read_text(),
            css_template=(FOLDER / "style.css").read_text(),
            js_on_load=(FOLDER / "script.js").read_text(),
            apply_default_css=False,
            title=title,
            magma=list(MAGMA),
            **options,
        )

    def api_info(self) -> dict[str, Any]:
        """The value, for who calls the server without a browser."""
        return {"type": {}, "description": "object with base64 bytes, row by row, and their width, height and channels"}


def plain(picture: Tensor, alt: str) -> dict[str, Any]:
    """A value of :class:`PictureView`: a grey or colour picture.

    Args:
        picture: ``uint8`` (C, H, W), C 1 or 3.
        alt: The picture in words.
    """
    channels, height, width = picture.shape
    pixels = packed_pictures(picture)
    return {"pixels": pixels, "height": height, "width": width, "channels": channels, "map": "plain", "alt": alt}


def magma(values: Tensor, alt: str, unit: str, top: float) -> dict[str, Any]:
    """A value of :class:`PictureView`: numbers from 0 to ``top``, in magma, with a scale.

    Args:
        values: ``float32`` (H, W), not negative.
        alt: The picture in words.
        unit: What the numbers count.
        top: The end of the scale.
    """
    bytes_ = (values * (255 / top)).round().clamp(0, 255).byte()
    return plain(bytes_[None], alt) | {"map": "magma", "low": "0", "high": f"{top:.3g} {unit}"}
