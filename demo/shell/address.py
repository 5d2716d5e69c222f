"""The part of the page's address that is a tab's: links, Back and reload bring back what its fields said.

In a tab's module::

    address = Address("draw", {"class": label, "seed": seed}, extra=("given",))
    for event in address.restore(handler, [session], [label, seed], opening):
        event.then(draw, ...)

Changes of the fields go into the address by themselves. The handler brings values back: it is given what the address
asks for, as text by the fields' names, and then the inputs. When the tab is opened, that is what the address says,
which may be nothing; later, on Back or by a link, the value of every field. It takes the default for what is wrong.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component
from gradio.events import Dependency

from demo.base.events import LIVE, QUIET
from demo.base.scripts import strip
from demo.base.tabs import Opening

SCRIPT = strip((Path(__file__).parent / "scripts" / "address.js").read_text())

Asked = dict[str, str]
"""What an address asks of a tab, by the names of its fields."""


class Address:
    """What a tab keeps in the page's address. Create it inside the tab, once.

    Args:
        tab: The tab's id.
        fields: Its fields, by their names in the address; what they say when the page is built is their default.
        extra: Names of what a widget keeps there by itself, as text; its default is empty.
    """

    def __init__(self, tab: str, fields: Mapping[str, Component], extra: Iterable[str] = ()) -> None:
        self.tab, self.fields = tab, dict(fields)
        self.names = {*fields, *extra}
        defaults = {name: field.value for name, field in fields.items()} | dict.fromkeys(extra, "")
        self._anchor = gr.HTML(
            js_on_load=SCRIPT, tab=tab, defaults=defaults, reads=False, elem_classes="shell-anchor", padding=False
        )
        if fields:
            gr.on(
                [field.change for field in fields.values()], None, self._all, None, js=self._call("setFields"), **QUIET
            )

    def restore(
        self,
        handler: Callable[..., Any],
        inputs: Sequence[Component],
        outputs: Sequence[Component],
        opening: Opening | None = None,
        **settings: Any,
    ) -> list[Dependency]:
        """Say what brings the tab's fields back.

        Args:
            handler: From what is asked, and the inputs' values, to the outputs'.
            inputs: Components that it reads.
            outputs: Components that it fills.
            opening: Of the tab, which then asks the handler in any case; without it, the handler is asked on arrival
                only if the address says something of the tab.
            **settings: Of the events, where they are not to be :data:`demo.base.events.LIVE`: of those who go back and
                forth quickly, the last place counts.

        Returns:
            The events, for what is to follow them.
        """
        options = LIVE | settings

        def on_arrival(event: gr.EventData, *values: Any) -> Any:
            return handler(self.read(event._data), *values)

        events: list[Dependency] = [self._anchor.arrive(on_arrival, [*inputs], [*outputs], **options)]
        if opening is not None:
            self._anchor.props["reads"] = True
            events.append(opening.run(self.on_opening(handler), [*inputs], [*outputs], **options))
        for event in events:
            event.then(None, self._all, None, js=self._call("settle"), **QUIET)
        return events

    def on_opening(self, handler: Callable[..., Any]) -> Callable[..., Any]:
        """A handler of the tab's opening, which is given what the page's address then asks of this tab."""

        def handle(request: gr.Request, *values: Any) -> Any:
            return handler(self.asked_by(request), *values)

        return handle

    def asked_by(self, request: gr.Request) -> Asked:
        """What the address of a page that asks something of the server says of this tab."""
        asked = dict(request.query_params)
        return self.read(asked) if asked.get("tab", self.tab) == self.tab else {}

    def read(self, sent: Any) -> Asked:
        """What is asked of this tab's fields, of all that a client sent."""
        pairs = sent.items() if isinstance(sent, Mapping) else ()
        return {name: value for name, value in pairs if name in self.names and isinstance(value, str)}

    @property
    def _all(self) -> list[Component]:
        return list(self.fields.values())

    def _call(self, function: str) -> str:
        """A script that hands the fields' values to the page's router."""
        pairs = ", ".join(f"{name}: values[{place}]" for place, name in enumerate(self.fields))
        return f"(...values) => {{ window.shell?.{function}({self.tab!r}, {{ {pairs} }}); }}"
