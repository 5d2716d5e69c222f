"""Tab under construction."""

import gradio as gr

from demo.models import Models


def build(app: gr.Blocks, models: Models) -> None:
    """Build the tab inside the current ``gr.Tab``."""
    gr.Markdown("…")
