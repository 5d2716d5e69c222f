"""A pad to draw on, white on black as MNIST's digits are."""

import base64
import binascii
import io
import zlib
from typing import Any, ClassVar

from PIL import Image

from demo.widgets.base import Widget
from gm_core import PictureError

PREFIX = "data:image/png;base64,"

SIDE = 280
"""Of the pad, in pixels: that of the canvas in the template."""

MAX_CHARACTERS = 2**20
"""A pad's picture is a fraction of this; anything longer was not drawn on one."""


class SketchPad(Widget):
    """A square pad with a round pen, undo and clear, for mouse, finger and pen.

    The value is a PNG data URL (white strokes on black; 280x280 when drawn here), ``""`` when the pad is empty. The
    event ``input`` fires after each finished stroke, undo and clear. Setting a value shows that picture, and undo leads
    back to what it replaced. Where a tab is named, what is drawn is kept in its address as ``picture``, and a picture
    carried to the tab is shown; then ``carry`` fires with all that the other tab said of it but the pixels. Of a view,
    the field's name begins with the view's.

    Args:
        value: The picture to begin with.
        tab: The page's tab that the pad is for, if any.
        view: The tab's view that it is for, where others have pads too.
        live: Whether ``input`` fires while the pen moves, too, a few times a second.
        hint: Faint words on the empty pad; plain text without quotes or markup.
        **options: As for ``Widget``.
    """

    EVENTS: ClassVar = ["input", "carry"]
    about = "PNG data URL, empty when nothing is drawn"

    def __init__(
        self,
        value: str = "",
        *,
        tab: str = "",
        view: str = "",
        live: bool = False,
        hint: str = "draw a digit here",
        **options: Any,
    ) -> None:
        super().__init__(value, tab=tab, view=view, live=live, hint=hint, **options)


def encode(png: bytes) -> str:
    """The value that shows a picture on a pad.

    Args:
        png: Content of a PNG file.
    """
    return PREFIX + base64.b64encode(png).decode("ascii")


def from_address(text: str) -> str:
    """The value that an address keeps, as the script wrote it; ``""`` where it keeps none or is damaged.

    Args:
        text: The greys of the pad, row by row, deflated, in base64 with the signs that addresses take.
    """
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        greys = zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, SIDE * SIDE)
    except (binascii.Error, ValueError, zlib.error):
        return ""
    if len(greys) != SIDE * SIDE or not any(greys):
        return ""
    content = io.BytesIO()
    Image.frombytes("L", (SIDE, SIDE), greys).save(content, "PNG")
    return encode(content.getvalue())


def decode(value: str | None) -> bytes | None:
    """The picture on a pad, as the content of a PNG file for :func:`gm_core.open_picture`.

    Args:
        value: A pad's value, or whatever a client sent in its place.

    Returns:
        The file's content; ``None`` when the pad is empty.

    Raises:
        PictureError: This is no pad's value.
    """
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not value.startswith(PREFIX):
        raise PictureError("the drawing is not a PNG data URL; draw it again")
    if len(value) > MAX_CHARACTERS:
        raise PictureError("the drawing is too large; upload it as a picture instead")
    try:
        return base64.b64decode(value.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise PictureError("the drawing is damaged; draw it again") from None
