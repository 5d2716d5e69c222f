"""Fields whose values reach an event's ``validator`` as they came.

Gradio's own stop at a value out of range before any validator is asked, with a message that does not name the field,
and at a missing one with a ``TypeError``. Only for events that check all they are sent.
"""

from typing import Any

import gradio as gr


class UncheckedRadio(gr.Radio):
    """A choice that may be none of the choices."""

    is_template = True  # for Gradio: shown as its parent is

    def preprocess(self, payload: Any) -> Any:
        """What was chosen, as it came."""
        return payload


class UncheckedSlider(gr.Slider):
    """A number that may be out of range, or none."""

    is_template = True

    def preprocess(self, payload: Any) -> Any:
        """The number, as it came."""
        return payload
