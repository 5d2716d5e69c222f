"""Uploads of pictures that reach us as files, unread."""

from typing import Any

import gradio as gr
from gradio.data_classes import ImageData

from demo.base.checks import NO_UPLOAD, is_upload


class PictureUpload(gr.Image):
    """An image input that hands over the path of the file and nothing else.

    ``gr.Image`` opens what was sent before a handler sees it: a text file named ``.png`` and a picture with too many
    pixels fail there, with Pillow's words and the server's paths, and what does open loses its 16 bits or its CMYK. The
    handler reads the file with :func:`gm_core.open_picture` instead, which is careful and says what is wrong.
    """

    def __init__(self, label: str = "Upload a picture", height: int = 190, **options: Any) -> None:
        # A handler that sets it makes Gradio build it anew, from these and whatever else Gradio kept of it.
        usual = {"type": "filepath", "image_mode": None, "sources": ["upload", "clipboard", "webcam"], "buttons": []}
        usual["placeholder"] = "Drop an image file here to upload"  # what Gradio calls it to those who do not see it
        super().__init__(label=label, height=height, **{**usual, **options})

    def get_block_name(self) -> str:
        """The browser knows it as an image."""
        return "image"

    def get_config(self, cls: type | None = None) -> dict[str, Any]:
        """All settings of ``gr.Image``, not only those that this class's own constructor names."""
        return super().get_config(cls or gr.Image)

    def preprocess(self, payload: ImageData | None) -> str | None:
        """The path of the uploaded file.

        Raises:
            gr.Error: It is some other file of the server.
        """
        if payload and not is_upload(payload.path or ""):
            raise gr.Error(NO_UPLOAD, print_exception=False)
        return payload.path if payload else None
