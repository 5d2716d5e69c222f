"""The Noise tab: every way from noise to a picture, and what each knows of p(x), in views."""

from pathlib import Path

import gradio as gr

from demo.base.words import message_html
from demo.noise.back import build_back
from demo.noise.density import build_density
from demo.noise.drawings import Drawings
from demo.noise.field import build_field
from demo.noise.finish import build_finish
from demo.noise.picture import build_picture
from demo.noise.steps import build_steps
from demo.noise.ways import build_ways
from demo.noise.words import LATEX, explained
from demo.shared.models import Models
from demo.shell.languages import explanation

STYLE = "\n".join((Path(__file__).parent / name).read_text() for name in ("tab.css", "own.css"))

MISSING = "There is no model here that makes pictures of noise; restore one from the repository."


def build(models: Models) -> None:
    """Build the tab inside the current ``gr.Tab``."""
    drawings = Drawings(models)
    if not drawings.cards:
        gr.HTML(message_html(MISSING), elem_classes="lab-problem")
        return
    gr.HTML(f"<style>{STYLE}</style>", padding=False, elem_classes="noise-style")
    with gr.Tabs(elem_id="noise-views", elem_classes="views", overflow_behavior="wrap"):
        with gr.Tab("One picture", id="noise-picture", elem_id="noise-picture"):
            build_picture(models, drawings)
        with gr.Tab("Same noise, other ways", id="noise-ways", elem_id="noise-ways"):
            build_ways(drawings)
        with gr.Tab("p(x) of your picture", id="noise-density", elem_id="noise-density"):
            build_density(models)
        with gr.Tab("Back to noise", id="noise-back", elem_id="noise-back"):
            build_back(models, drawings)
        with gr.Tab("Finish my scribble", id="noise-finish", elem_id="noise-finish"):
            build_finish(models, drawings)
        with gr.Tab("Steps against quality", id="noise-steps", elem_id="noise-steps-view"):
            build_steps(models, drawings)
        with gr.Tab("The field", id="noise-field", elem_id="noise-field"):
            build_field(models)
        with gr.Tab("How it works", id="noise-how"):
            for place, (title, folder) in enumerate(explained(drawings.cards)):
                words = f"{title}: how does it work, and what of it is exact?"
                with gr.Accordion(words, open=place == 0, elem_classes="explain"):
                    explanation(folder, latex_delimiters=LATEX)
