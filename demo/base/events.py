"""Settings of Gradio's events: how the page waits for an answer, and whether the endpoint is part of the public API."""

from typing import Any

from demo.base.serving.lanes import FILES

Settings = dict[str, Any]

QUIET: Settings = {"show_progress": "hidden", "show_progress_on": [], "api_visibility": "private"}
"""Nothing covers the page while it waits, and the endpoint is not part of the public API.

What shows no progress is not registered for it either: Gradio would look up and change every output at each event.
"""

LIVE: Settings = QUIET | {"trigger_mode": "always_last"}
"""For what follows the pointer: while one answer is computed, only the newest of the events that arrive is kept."""

EVERY: Settings = QUIET | {"trigger_mode": "multiple"}
"""For what a quick user does twice before the first is answered: every event counts, where Gradio would drop some."""


PICTURE: Settings = LIVE | {"concurrency_id": FILES}
"""For a picture in a file, which may take a while to read."""


def public(name: str, settings: Settings = LIVE) -> Settings:
    """The same settings for an endpoint that is part of the public API.

    Args:
        name: Of the endpoint.
        settings: How the page waits.
    """
    return settings | {"api_visibility": "public", "api_name": name}
