"""One picture of a few hundred pixels, crisp and fast."""

from typing import Any, Literal, NotRequired

from torch import Tensor

from demo.base.packing import PictureShape, pack_pictures
from demo.base.theme import MAGMA
from demo.widgets.base import Widget


class PictureValue(PictureShape):
    """A value of :class:`PictureView`.

    Attributes:
        pixels: Base64 bytes, row by row, the channels of a pixel together.
        map: As they are, or in magma.
        alt: The picture in words.
        low: The beginning of the scale, in words.
        high: Its end.
    """

    pixels: str
    map: Literal["plain", "magma"]
    alt: str
    low: NotRequired[str]
    high: NotRequired[str]


class PictureView(Widget):
    """Draws a picture, or values from 0 up in magma, on a canvas.

    Its value is what :func:`plain` and :func:`magma` make. A picture of 28 x 28 is a message of about one kilobyte,
    where ``gr.Image`` would write a file and have the browser fetch it.
    """

    about = "object with base64 bytes, row by row, and their width, height and channels"

    def __init__(self, value: PictureValue | None = None, *, title: str = "", **options: Any) -> None:
        super().__init__(value, title=title, magma=list(MAGMA), **options)

    def postprocess(self, value: Any) -> Any:
        """The value as it is: an object with one long text, and public endpoints answer with it."""
        return value

    def api_info(self) -> dict[str, Any]:
        """The value, as it is described to a client without a browser."""
        return {"type": {}, "description": self.about}


def plain(picture: Tensor, alt: str) -> PictureValue:
    """A value of :class:`PictureView`: a grey or colour picture.

    Args:
        picture: ``uint8`` (C, H, W), C 1 or 3.
        alt: The picture in words.
    """
    channels, height, width = picture.shape
    pixels = pack_pictures(picture)
    return {"pixels": pixels, "height": height, "width": width, "channels": channels, "map": "plain", "alt": alt}


def magma(values: Tensor, alt: str, unit: str, top: float) -> PictureValue:
    """A value of :class:`PictureView`: numbers from 0 to ``top``, in magma, with a scale.

    Args:
        values: ``float32`` (H, W), not negative.
        alt: The picture in words.
        unit: What the numbers count.
        top: The end of the scale.
    """
    bytes_ = (values * (255 / top)).round().clamp(0, 255).byte()
    return {**plain(bytes_[None], alt), "map": "magma", "low": "0", "high": f"{top:.3g} {unit}"}
