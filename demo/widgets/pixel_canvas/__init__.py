"""A picture that appears pixel by pixel: played back, and asked where each pixel came from."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import gradio as gr
from torch import Tensor

from demo.theme import MAGMA, VIRIDIS

_FOLDER = Path(__file__).parent
_SCRIPTS = ("picture.js", "pixel.js", "script.js")


class PixelCanvas(gr.HTML):
    """Plays back what a PixelCNN draws, at a pace that the eye can follow; the browser needs no server for it.

    A value is a message: what is drawn (``run``, ``height``, ``width``, ``levels``, ``label``, ``seed``,
    ``temperature``), some of its pixels (see :func:`pixels`) and, in the last one, ``done``: what is known of the whole
    picture (``seconds`` the model took, ``log_prob`` of the picture for any class in nats, the ``share`` of the ``of``
    real pictures that are less likely). Messages of one run may come twice, out of order, or not at all, as long as the
    last holds every pixel. A higher ``run`` clears the canvas, a lower one comes too late and is ignored.

    The event ``stop`` fires when the viewer has seen enough; what is on the canvas stays.

    Args:
        subject: What is drawn, in words, for who cannot see it.
        labels: Classes that a pixel's distribution can be compared under, "any" among them.
        answers: Functions named ``explain``, ``depends`` and ``record``, which tell of the picture what the browser
            does not know; see :class:`demo.pixel_answers.Answers`.
        **options: As for ``gr.HTML``.
    """

    def __init__(
        self,
        *,
        subject: str,
        labels: Sequence[str],
        answers: list[Callable[[Any], dict[str, Any]]],
        **options: Any,
    ) -> None:
        super().__init__(
            value=None,
            subject=subject,
            labels=list(labels),
            surprise_colors=list(MAGMA),
            entropy_colors=list(VIRIDIS),
            html_template=(_FOLDER / "template.html").read_text(),
            css_template=(_FOLDER / "style.css").read_text(),
            js_on_load="\n".join((_FOLDER / name).read_text() for name in _SCRIPTS),
            server_functions=answers,
            apply_default_css=False,
            **options,
        )

    def api_info(self) -> dict[str, Any]:
        """The value, for who calls the server without a browser."""
        about = "run, index, values (0 to 255), log_prob and entropy (nats) of some pixels"
        return {"type": "object", "description": about}


def pixels(index: int, values: Tensor, log_prob: Tensor, entropy: Tensor) -> dict[str, Any]:
    """The part of a message that holds pixels of one grey picture.

    Args:
        index: Place of the first in raster order.
        values: ``uint8``, any shape, in raster order.
        log_prob: Their log-probabilities in nats, of the same shape; sent to the millionth.
        entropy: Entropies of what they were drawn from in nats, of the same shape; sent to the tenth of a thousandth.
    """
    return {
        "index": index,
        "values": values.flatten().tolist(),
        "log_prob": [round(nats, 6) for nats in log_prob.flatten().tolist()],
        "entropy": [round(nats, 4) for nats in entropy.flatten().tolist()],
    }
