"""Fields that are stricter, or more lenient, than Gradio's own with what a client sends.

Gradio's own stop at a value out of range before any validator is asked, with a message that does not name the field and
repeats the value, however long, and at a missing one with a ``TypeError``. The unchecked fields hand on the value as it
came, for events that check all they are sent; the strict ones refuse it.
"""

from typing import Any

import gradio as gr


class UncheckedRadio(gr.Radio):
    """A choice that is not checked."""

    is_template = True  # for Gradio: shown as its parent is

    def preprocess(self, payload: Any) -> Any:
        """What was chosen, as it came."""
        return payload


class UncheckedSlider(gr.Slider):
    """A number that is not checked: it may be out of range, or not a number."""

    is_template = True

    def preprocess(self, payload: Any) -> Any:
        """The number, as it came."""
        return payload


class StrictRadio(gr.Radio):
    """A choice that is one of the choices; anything else is refused in a short message that repeats nothing of it."""

    is_template = True

    def preprocess(self, payload: Any) -> Any:
        """The choice.

        Raises:
            gr.Error: It is not one of them.
        """
        choices = [value for _, value in self.choices]
        if payload not in choices:
            raise gr.Error(f"{self.label}: choose one of {', '.join(map(str, choices))}.", print_exception=False)
        return payload


class StrictSlider(gr.Slider):
    """A number within the slider's range; anything else is refused in a short message that repeats nothing of it."""

    is_template = True

    def preprocess(self, payload: Any) -> float:
        """The number.

        Raises:
            gr.Error: It is not a number, or out of range.
        """
        # Written so that "not a number" fails too.
        number = isinstance(payload, int | float) and not isinstance(payload, bool)
        if not (number and self.minimum <= payload <= self.maximum):
            raise gr.Error(
                f"{self.label}: give a number from {self.minimum:g} to {self.maximum:g}.", print_exception=False
            )
        return payload
