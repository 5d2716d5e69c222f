"""What every widget is on the side of Python."""

from demo.widgets.base import Widget
from demo.widgets.example_row import ExampleRow
from demo.widgets.ranking import Ranking


def test_events_are_those_that_a_widget_declares() -> None:
    """A word in quotes in a script makes no event, as it would for ``gr.HTML``."""
    assert callable(ExampleRow().pick)
    assert '"radiogroup"' in Ranking().js_on_load
    for widget in (Ranking(), ExampleRow(chosen=1)):
        assert not hasattr(widget, "radiogroup") and not hasattr(widget, "chosen")


def test_a_value_is_one_text() -> None:
    assert Widget.postprocess(Ranking(), {"lineups": []}) == '{"lineups": []}'
    assert Ranking().postprocess(None) is None
