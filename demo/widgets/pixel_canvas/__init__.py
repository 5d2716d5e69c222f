"""A picture that appears pixel by pixel: played back, and asked where each pixel came from."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr
from torch import Tensor

from demo.base.theme import MAGMA, VIRIDIS

_FOLDER = Path(__file__).parent
_SCRIPTS = ("picture.js", "pixel.js", "edit.js", "script.js")


class PixelCanvas(gr.HTML):
    """Plays back what a PixelCNN draws, at a pace that the eye can follow; the browser needs no server for it.

    A value is a message: what is drawn (``run``, ``model``, ``channels`` (1 for grey, 3 for colour), ``height``,
    ``width``, ``levels``, ``classes``, ``subject`` in words, one and many; the ``labels`` of the pictures; ``label``,
    ``pictures``, ``seed`` and ``temperature`` as they were asked for; ``start``, what is given, if anything; ``live``,
    whether a hand is moving, so that the place that is looked at stays), some pixels of every picture (see
    :func:`pixels`) and, in the last one, ``done``: what is known of the whole pictures (``seconds`` the model took,
    ``log_prob`` of each for any class in nats, for each the ``share`` of the ``of`` real pictures that are less likely
    or ``None``, the ``usual`` bits per value of real ones). Messages of one run may come twice, out of order, or not at
    all, as long as the last holds every pixel. A higher ``run`` clears the canvas, a lower one comes too late and is
    ignored.

    The event ``stop`` fires when the viewer has seen enough; what is on the canvas stays. When a hand has changed
    what is given, ``ask`` fires for a drawing of it, or ``give`` where the canvas has seen to the drawing itself;
    both carry the ``start`` (``values`` and ``keep`` of every pixel, or none) and a ``number``, which messages from
    then on return as ``asked``. ``choose`` fires with the ``label`` of a class key, or ``pick`` where the canvas leaves
    the drawing to the server. The browser's event ``pixel-canvas-redraw`` on its window, with label, temperature, seed,
    pictures and model, makes the canvas draw these at once. A model that is too slow for a moving hand is asked when
    the hand has come to rest.

    Args:
        models: Name, title, classes and levels of the models that a pixel's surroundings can be compared under.
        redraw: From label, temperature, seed, pictures, model and start to a message with all pixels, or an ``error``.
        answers: Functions named ``explain``, ``depends`` and ``record``, which tell of the picture what the browser
            does not know; see :class:`demo.draw.answers.Answers`.
        **options: As for ``gr.HTML``.
    """

    def __init__(
        self,
        *,
        models: list[dict[str, Any]],
        redraw: Callable[[Any], dict[str, Any]],
        answers: list[Callable[[Any], dict[str, Any]]],
        **options: Any,
    ) -> None:
        def redrawn(sent: Any) -> dict[str, Any]:
            return redraw(sent)

        super().__init__(
            value=None,
            models=models,
            surprise_colors=list(MAGMA),
            entropy_colors=list(VIRIDIS),
            html_template=(_FOLDER / "template.html").read_text(),
            css_template=(_FOLDER / "style.css").read_text(),
            js_on_load="\n".join((_FOLDER / name).read_text() for name in _SCRIPTS),
            server_functions=[redrawn, *answers],
            apply_default_css=False,
            **options,
        )

    def postprocess(self, value: dict[str, Any] | None) -> str | None:
        """The message as one text, which the page hands on whole: it would copy and wrap every number of a list."""
        return None if value is None else json.dumps(value)

    def api_info(self) -> dict[str, Any]:
        """The value, for who calls the server without a browser."""
        about = "JSON: run, index, and of some pixels of each picture values (0 to 255), log_prob and entropy (nats)"
        return {"type": "string", "description": about}


def pixels(index: int, values: Tensor, log_prob: Tensor, entropy: Tensor) -> dict[str, Any]:
    """The part of a message that holds pixels: all values, and a number a pixel of what its channels add up to.

    Args:
        index: Place of the first in raster order.
        values: ``uint8`` (n, k, C), in raster order; sent with all channels of a pixel together.
        log_prob: Their log-probabilities in nats, of the same shape; sent to the millionth.
        entropy: Entropies of what they were drawn from in nats, of the same shape; sent to the tenth of a thousandth.
    """
    return {
        "index": index,
        "values": values.flatten(1).tolist(),
        "log_prob": [[round(nats, 6) for nats in row] for row in log_prob.sum(dim=-1).tolist()],
        "entropy": [[round(nats, 4) for nats in row] for row in entropy.sum(dim=-1).tolist()],
    }
