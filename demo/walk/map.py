"""The view "Map": the whole of a two-dimensional latent space at once."""

import base64
import io
import math
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import gradio as gr
import torch
from PIL import Image
from torch import Tensor

from demo.base.checks import is_number
from demo.base.packing import pack
from demo.base.words import nats, note_html
from demo.shared.models import Models
from demo.shared.picture_input import FIRST_EXAMPLE, PictureInput, UserPicture, model_input
from demo.walk import latent
from demo.walk.sliders import NEIGHBOURS, Value
from demo.widgets.latent_map import LatentMap, MapMarks
from gm_core import Variational
from gm_core.data.catalog import FIRST
from gm_core.models.latents import draw_latents
from gm_core.rendering import gif, grid

NAME, RIVAL = f"{FIRST.name}-vae2d", f"{FIRST.name}-autoencoder"
"""The VAE whose latent space is a map, and the autoencoder of the same size without a prior."""

GRIDS = (17, 51)
"""Pictures along an edge of the map: few that are there at once, then as many as make every movement smooth. The
second is an odd multiple of the first, so that the points of the first are among those of the second."""

FRAMES = 64
"""Pictures of a path's film at most."""

FASTEST, SLOWEST = 20, 1000
"""Milliseconds a picture of the film."""

PRIOR = 3.5
"""Every map reaches at least so far, for the prior's rings at 1, 2 and 3 standard deviations."""

RINGS = (1, 2, 3)
"""Standard deviations of the prior."""

WITHIN = 1 - math.exp(-(RINGS[-1] ** 2) / 2)
"""Share of a standard normal in two dimensions within the outermost ring: the Rayleigh distribution's function."""

DRAWS = 8
"""Pictures that are decoded of a standard normal's draws."""

MANY_DRAWS = 1000
"""Draws that the digits nearest to are counted of."""

_ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True)
class Window:
    """The square part of a latent space that is on the map.

    Attributes:
        low: Its lower left corner, z1 and z2.
        span: Its edge.
    """

    low: tuple[float, float]
    span: float

    @classmethod
    def around(cls, codes: Tensor) -> "Window":
        """All but the outermost codes, (N, 2), and the prior's rings; ends at halves, as a scale does."""
        ends = codes.quantile(torch.tensor([0.01, 0.99]), dim=0)
        margin = 0.04 * (ends[1] - ends[0])
        low = ((ends[0] - margin).clamp(max=-PRIOR) * 2).floor() / 2
        high = ((ends[1] + margin).clamp(min=PRIOR) * 2).ceil() / 2
        span = float((high - low).max())
        x, y = ((low + high - span) / 2).tolist()
        return cls((x, y), span)

    def grid(self, count: int) -> Tensor:
        """The middles of ``count`` x ``count`` cells, row by row from the top left, (count * count, 2)."""
        steps = (torch.arange(count) + 0.5) * (self.span / count)
        x, y = self.low[0] + steps, self.low[1] + steps.flip(0)
        return torch.stack([x.repeat(count), y.repeat_interleave(count)], dim=1)

    def point(self, sent: object) -> Tensor:
        """A point that came from outside, checked, (2,).

        Raises:
            latent.PointError: It is not on the map.
        """
        # Written so that "not a number" fails too.
        if not isinstance(sent, list) or len(sent) != len(self.low) or not all(map(self._holds, sent, self.low)):
            reach = (f"z{i + 1} from {low:g} to {low + self.span:g}" for i, low in enumerate(self.low))
            raise latent.PointError(f"A point of this map is two numbers, {' and '.join(reach)}.")
        return torch.tensor([float(value) for value in sent])

    def holds(self, z: Tensor) -> bool:
        """Whether a point, (2,), is on the map."""
        return all(map(self._holds, z.tolist(), self.low))

    def _holds(self, value: object, low: float) -> bool:
        return is_number(value, low, low + self.span)


@dataclass(frozen=True)
class Maps:
    """What maps ask for; everything that comes from outside is checked.

    Attributes:
        models: The app's models.
    """

    models: Models

    def functions(self) -> dict[str, Callable[[Any], Value]]:
        """The answers, by the names that a map asks for them with."""
        answers = {"survey": self.survey, "tiles": self.tiles, "look": self.look, "line": self.line}
        return {**answers, "animation": self.film}

    def window(self, name: str) -> Window:
        """What of a latent space is on its map."""
        return Window.around(self.models.atlas(name).codes)

    @torch.inference_mode()
    def pictures(self, name: str, z: Tensor) -> Tensor:
        """Means of the pictures at some points, (n, 2): ``uint8`` (n, H, W)."""
        return latent.means(self.models.latent(name), z)[:, 0]

    def survey(self, sent: Value) -> Value:
        """What is on the map before anything is decoded: where held-out pictures lie."""
        name = self._name(sent)
        atlas, window = self.models.atlas(name), self.window(name)
        places = (atlas.codes - torch.tensor(window.low)) / window.span
        inside = ((places >= 0) & (places <= 1)).all(dim=1)
        dots = (places[inside] * 65535).round().to(torch.int32).numpy().astype("<u2")
        shown, outside = int(inside.sum()), int((~inside).sum())
        beyond = f" ({outside:,} more lie beyond the edge)" if outside else ""
        share = float((atlas.codes.norm(dim=1) <= RINGS[-1]).float().mean())
        rings = "the prior" if name == NAME else "a standard normal, of which this model never heard"
        return {
            "low": window.low,
            "span": window.span,
            "grids": GRIDS,
            "dots": base64.b64encode(dots.tobytes()).decode(),
            "labels": pack(atlas.labels[inside].to(torch.uint8)),
            "words": f"Dots: {shown:,} digits that the model was not trained on, where it puts them{beyond}. "
            f"Rings: 1, 2 and 3 standard deviations of {rings}; {100 * share:.0f} % of the digits lie within the "
            f"outermost, {100 * WITHIN:.1f} % of draws do.",
        }

    def tiles(self, sent: Value) -> Value:
        """The decoded pictures of a grid over the map, in one lossless picture."""
        name, count = self._name(sent), sent.get("count")
        if count not in GRIDS or not isinstance(count, int):
            raise latent.PointError(f"A grid has {' or '.join(map(str, GRIDS))} pictures an edge.")
        with _ONE_AT_A_TIME:  # so that many visitors at once do not each have the same computed
            return {"sprite": _sprite(self, name, count)}

    def look(self, sent: Value) -> Value:
        """The picture at a point, and what it means."""
        name = self._name(sent)
        z = self.window(name).point(sent.get("z"))
        return {"pictures": pack(self.pictures(name, z[None])), "reading": self._near(name, z) + _nearer(z)}

    def line(self, sent: Value) -> Value:
        """The pictures along a path."""
        return {"pictures": pack(self.pictures(*self._path(sent)))}

    def film(self, sent: Value) -> Value:
        """The pictures along a path, there and back, as an endless film: a GIF file in base64."""
        name, z = self._path(sent)
        pace = sent.get("milliseconds")
        if not is_number(pace, FASTEST, SLOWEST):
            raise latent.PointError(f"A picture of the film lasts {FASTEST} to {SLOWEST} milliseconds.")
        frames = [grid(picture[None, None], zoom=10) for picture in self.pictures(name, z)]
        content = gif(frames + frames[-2:0:-1], milliseconds=round(pace), hold=round(pace))
        return {"film": base64.b64encode(content).decode()}

    @torch.inference_mode()
    def marks(self, name: str, mine: UserPicture, seed: int | None = None) -> MapMarks:
        """What is to be marked on a map.

        Args:
            name: The model.
            mine: The visitor's picture.
            seed: Of the points drawn from a standard normal, if there are to be any.

        Returns:
            A value of :class:`~demo.widgets.latent_map.LatentMap`.
        """
        model, image = self.models.latent(name), model_input(self.models, mine, name).image
        mean = model.code(image)[0].cpu()
        std = model.encode(image).stddev[0].cpu() if isinstance(model, Variational) else None
        rebuilt = self.pictures(name, mean[None])[0]
        error = float((rebuilt.float() - image[0, 0].float()).square().mean().sqrt())
        code_words = ", ".join(
            f"z{i + 1} = {nats(float(mean[i]), digits=2)}" + ("" if std is None else f" ± {float(std[i]):.2g}")
            for i in range(len(mean))
        )
        beyond = "" if self.window(name).holds(mean) else " It lies beyond the edge of the map."
        meaning = "the code" if std is None else "the posterior's mean ± standard deviation"
        marks: MapMarks = {
            "mine": {
                "mean": mean.tolist(),
                "std": None if std is None else std.tolist(),
                "pixels": pack(image),
                "rebuilt": pack(rebuilt),
                "words": f"{code_words} ({meaning}).{beyond} Rebuilt, the pixels are off by {error:.0f} grey levels "
                "(root mean square).",
            }
        }
        if seed is not None:
            z = drawn(seed, DRAWS)
            marks["draws"] = {
                "z": z.tolist(),
                "pictures": pack(self.pictures(name, z)),
                "shares": _classes_of_draws(self, name),
                "of": MANY_DRAWS,
            }
        return marks

    def ends(self, sent: object) -> list[Tensor]:
        """The two points that a map gave as the ends of a way.

        Raises:
            latent.PointError: They are none.
        """
        points = sent.get("points") if isinstance(sent, dict) else None
        if not isinstance(points, list) or len(points) != 2:
            raise latent.PointError("A way leads from one point of the map to another.")
        return [self.window(NAME).point(end) for end in points]

    def _name(self, sent: Value) -> str:
        name = sent.get("model")
        if name not in (NAME, RIVAL):
            raise latent.PointError(f"A map is that of {NAME} or {RIVAL}.")
        return str(name)

    def _path(self, sent: Value) -> tuple[str, Tensor]:
        """A path that came from outside, checked: the model's name, and points (n, 2)."""
        name, points = self._name(sent), sent.get("points")
        if not isinstance(points, list) or not 2 <= len(points) <= FRAMES:
            raise latent.PointError(f"A path is a list of 2 to {FRAMES} points.")
        window = self.window(name)
        return name, torch.stack([window.point(point) for point in points])

    def _near(self, name: str, z: Tensor) -> str:
        """Which held-out digits lie near a point, in words."""
        atlas = self.models.atlas(name)
        counts, radius = atlas.neighbours(z, NEIGHBOURS)
        most = int(counts.argmax())
        return (
            f'<p class="lab-number">Of the {NEIGHBOURS} real digits nearest to here, <b>{int(counts[most])} are '
            f"{atlas.class_names[most]}s</b>; all lie within {radius:.2g}.</p>"
        )


class MapView:
    """The map of a VAE's latent space, and a picture of one's own on it.

    Args:
        models: The app's models.

    Attributes:
        map: The component; its event ``ends`` gives two points.
        maps: What it asks for.
    """

    def __init__(self, models: Models) -> None:
        self.maps = maps = Maps(models)
        with gr.Row(elem_classes="walk-row"):
            with gr.Column(scale=9):
                self.map = LatentMap(
                    maps.marks(NAME, FIRST_EXAMPLE),
                    model=NAME,
                    classes=models.atlas(NAME).class_names,
                    functions=maps.functions(),
                    elem_id="walk-map",
                )
            with gr.Column(scale=2, min_width=200, elem_classes="walk-given"):
                given = PictureInput("map", models, (NAME,), FIRST_EXAMPLE)

        def taken(mine: UserPicture) -> tuple[str, MapMarks]:
            return note_html(model_input(models, mine, NAME).source), maps.marks(NAME, mine)

        given.connect(taken, [], [given.note, self.map], "walk_map")


def drawn(seed: int, count: int) -> Tensor:
    """Points drawn from a standard normal, (count, 2)."""
    return draw_latents(count, 2, torch.Generator().manual_seed(seed))


def _nearer(z: Tensor) -> str:
    """How far out a point lies, in words; the distance of a draw has the Rayleigh distribution."""
    radius = float(z.norm())
    share = -math.expm1(-(radius**2) / 2)
    nearer = f"{100 * share:.3g} % of" if share < 0.999 else "practically all"
    return (
        f'<p class="lab-number"><b>|z| = {radius:.2f}</b>: {nearer} draws from a standard normal lie nearer to the '
        "centre.</p>"
    )


@cache
def _classes_of_draws(maps: Maps, name: str) -> list[int]:
    """How many of a standard normal's draws come nearest to a held-out picture of each class."""
    atlas = maps.models.atlas(name)
    nearest = torch.cdist(drawn(0, MANY_DRAWS), atlas.codes).argmin(dim=1)
    return torch.bincount(atlas.labels[nearest], minlength=len(atlas.class_names)).tolist()


@cache  # there are few models and grids
def _sprite(maps: Maps, name: str, count: int) -> str:
    """The decoded pictures of a grid, as the data URL of a PNG file."""
    tiles = maps.pictures(name, maps.window(name).grid(count))
    _, height, width = tiles.shape
    sheet = tiles.view(count, count, height, width).transpose(1, 2).reshape(count * height, count * width)
    buffer = io.BytesIO()
    Image.fromarray(sheet.numpy()).save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
