"""The view "Map": the whole of a two-dimensional latent space at once."""

import base64
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import gradio as gr
import torch
from torch import Tensor

from demo.base.checks import is_number
from demo.base.errors import InputError
from demo.base.packing import pack
from demo.base.words import nats
from demo.shared.model_line import figure_line
from demo.shared.models import Models
from demo.shared.picture_input import FIRST_EXAMPLE, PictureInput, UserPicture, model_input
from demo.shared.plane import MAP, MOST_CODES, Window, means, tiles, window_of
from demo.shared.taking import taken
from demo.walk import latent
from demo.widgets.latent_map import LatentMap, MapMarks, MarkedDraws, MarkedPicture
from gm_core import Variational
from gm_core.data.catalog import FIRST
from gm_core.models.latents import draw_latents
from gm_core.rendering import gif, grid
from gm_core.studies import ATLASES

AUTOENCODER = f"{FIRST.name}-autoencoder"
"""The autoencoder of the same size as the VAE whose latent space is a map, without a prior."""

MOST_FRAMES = 64
"""Pictures of a path's animation at most."""

FASTEST, SLOWEST = 20, 1000
"""Milliseconds per picture of an animation."""

RINGS = (1, 2, 3)
"""Standard deviations of the prior."""

WITHIN = 1 - math.exp(-(RINGS[-1] ** 2) / 2)
"""Share of a standard normal in two dimensions within the outermost ring: the Rayleigh distribution's function."""

POINTS = 24
"""Random points that are decoded and shown."""

MANY_POINTS = 300
"""Random points whose pictures are counted by class."""

Region = Literal["normal", "range"]
"""Where random points come from: a standard normal, or evenly from the square that a model's codes fill."""

FROM: dict[Region, str] = {
    "normal": "random points of a standard normal",
    "range": "points spread evenly over the range of its codes",
}

NEIGHBOURS = 15
"""Held-out digits that say what is near a point."""

Value = dict[str, Any]


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
        return {**answers, "animation": self.animation}

    def window(self, name: str) -> Window:
        """What of a latent space is on its map."""
        return window_of(self.models, name)

    @torch.inference_mode()
    def pictures(self, name: str, z: Tensor) -> Tensor:
        """Means of the pictures at some points, (n, 2): ``uint8`` (n, H, W)."""
        return means(self.models.latent(name), z)[:, 0]

    def survey(self, sent: Value) -> Value:
        """What is on the map before anything is decoded: where held-out pictures lie."""
        name = self._name(sent)
        atlas, window = self.models.atlas(name), self.window(name)
        area = window.dots(atlas.codes, atlas.labels)
        shown = len(base64.b64decode(area["labels"]))
        outside = len(atlas.codes) - shown
        beyond = f" ({outside:,} more lie beyond the edge)" if outside else ""
        share = float((atlas.codes.norm(dim=1) <= RINGS[-1]).float().mean())
        rings = "the prior" if name == MAP else "a standard normal, which had no part in training this model"
        return {
            **area,
            "words": f"Dots: {shown:,} digits that the model was not trained on, where it puts them{beyond}. "
            f"Rings: 1, 2 and 3 standard deviations of {rings}; {100 * share:.0f} % of the digits lie within the "
            f"outermost, {100 * WITHIN:.1f} % of random points do.",
        }

    def tiles(self, sent: Value) -> Value:
        """The decoded pictures of a grid over the map, in one lossless picture."""
        return tiles(self.models, self._name(sent), sent.get("count"))

    def look(self, sent: Value) -> Value:
        """The picture at a point, and what it means."""
        name = self._name(sent)
        z = self.window(name).point(sent.get("z"))
        return {"pictures": pack(self.pictures(name, z[None])), "reading": self._near(name, z) + _nearer(z)}

    def line(self, sent: Value) -> Value:
        """The pictures along a path."""
        return {"pictures": pack(self.pictures(*self._path(sent)))}

    def animation(self, sent: Value) -> Value:
        """The pictures along a path, there and back, as an endless animation: a GIF file in base64."""
        name, z = self._path(sent)
        pace = sent.get("milliseconds")
        if not is_number(pace, FASTEST, SLOWEST):
            raise InputError(f"A picture of the animation lasts {FASTEST} to {SLOWEST} milliseconds.")
        frames = [grid(picture[None, None], zoom=10) for picture in self.pictures(name, z)]
        content = gif(frames + frames[-2:0:-1], milliseconds=round(pace), hold=round(pace))
        return {"gif": base64.b64encode(content).decode()}

    @torch.inference_mode()
    def marks(self, name: str, picture: UserPicture, seed: int | None = None, region: Region = "normal") -> MapMarks:
        """What is to be marked on a map.

        Args:
            name: The model.
            picture: The user's picture.
            seed: Of random points, if there are to be any.
            region: Where they come from.

        Returns:
            A value of :class:`~demo.widgets.latent_map.LatentMap`.
        """
        draws: MapMarks = {} if seed is None else {"draws": self.draws(name, seed, region)}
        return {"mine": self.mine(name, picture), **draws}

    @torch.inference_mode()
    def mine(self, name: str, picture: UserPicture) -> MarkedPicture:
        """A user's picture on a map."""
        model, image = self.models.latent(name), model_input(self.models, picture, name).image
        mean = latent.encode(model, image)
        std = model.encode(image).stddev[0].cpu() if isinstance(model, Variational) else None
        rebuilt = self.pictures(name, mean[None])[0]
        error = float((rebuilt.float() - image[0, 0].float()).square().mean().sqrt())
        code_words = ", ".join(
            f"z{i + 1} = {nats(float(mean[i]), digits=2)}" + ("" if std is None else f" ± {float(std[i]):.2g}")
            for i in range(len(mean))
        )
        beyond = "" if self.window(name).holds(mean) else " It lies beyond the edge of the map."
        meaning = "the code" if std is None else "the posterior's mean ± standard deviation"
        read, again = (FIRST.classes[label] for label in self.read_as(torch.stack([image[0, 0], rebuilt])).tolist())
        return {
            "mean": mean.tolist(),
            "std": None if std is None else std.tolist(),
            "pixels": pack(image),
            "rebuilt": pack(rebuilt),
            "words": f"{code_words} ({meaning}).{beyond} Rebuilt, the pixels are off by {error:.0f} grey levels "
            f"(root mean square). A classifier reads it as {read}, rebuilt as {again}.",
        }

    def draws(self, name: str, seed: int, region: Region) -> MarkedDraws:
        """Random points, and what they become."""
        z = self.random_points(name, region, seed, POINTS)
        shown = self.pictures(name, z)
        return {
            "z": z.tolist(),
            "pictures": pack(shown),
            "classes": self.read_as(shown).tolist(),
            "words": f"{POINTS} {FROM[region]}, decoded:",
            "shares": _counts(self, name, region),
            "of": MANY_POINTS,
        }

    def random_points(self, name: str, region: Region, seed: int, count: int) -> Tensor:
        """Random points of a region, (count, 2)."""
        generator = torch.Generator().manual_seed(seed)
        if region == "normal":
            return draw_latents(count, 2, generator)
        low, high = self.models.atlas(name).codes.quantile(torch.tensor(MOST_CODES), dim=0)
        return low + (high - low) * torch.rand(count, 2, generator=generator)

    @torch.inference_mode()
    def read_as(self, pictures: Tensor) -> Tensor:
        """The class that a classifier reads each picture as, from ``uint8`` (n, H, W): ``int64`` (n,)."""
        return self.models.classifier(FIRST.classifier).posterior(pictures[:, None]).probs.argmax(dim=1).cpu()

    def ends(self, sent: object) -> list[Tensor]:
        """The two points of a map that a way is to lead between.

        Raises:
            InputError: They are not on the map.
        """
        points = sent.get("points") if isinstance(sent, dict) else None
        if not isinstance(points, list) or len(points) != 2:
            raise InputError("Choose two points on the map.")
        return [self.window(MAP).point(end) for end in points]

    def _name(self, sent: Value) -> str:
        name = sent.get("model")
        if name not in (MAP, AUTOENCODER):
            raise InputError(f"There are maps of {MAP} and {AUTOENCODER} only.")
        return str(name)

    def _path(self, sent: Value) -> tuple[str, Tensor]:
        """A path that came from outside, checked: the model's name, and points (n, 2)."""
        name, points = self._name(sent), sent.get("points")
        if not isinstance(points, list) or not 2 <= len(points) <= MOST_FRAMES:
            raise InputError(f"A path is a list of 2 to {MOST_FRAMES} points.")
        window = self.window(name)
        return name, torch.stack([window.point(point) for point in points])

    def _near(self, name: str, z: Tensor) -> str:
        """Which held-out digits lie near a point, in words."""
        atlas = self.models.atlas(name)
        counts, radius = atlas.neighbours(z, NEIGHBOURS)
        most = int(counts.argmax())
        return (
            f'<p class="lab-number">Of the {int(counts.sum())} real digits nearest to here, <b>{int(counts[most])} are '
            f"{atlas.class_names[most]}s</b>; all lie within {radius:.2g}.</p>"
        )


class MapView:
    """The map of a VAE's latent space, and a picture of one's own on it.

    Args:
        models: The app's models.

    Attributes:
        map: The component; its event ``ends`` gives two points.
        maps: What it asks for.
        inputs: What :meth:`show` needs: nothing.
        outputs: What it sets.

    Raises:
        CheckpointError: The model or its atlas is missing.
    """

    def __init__(self, models: Models) -> None:
        check_cards(models, MAP)
        self.maps = maps = Maps(models)
        with gr.Row(elem_classes="walk-row"):
            with gr.Column(scale=9):
                self.map = LatentMap(
                    model=MAP,
                    classes=FIRST.classes,
                    taken=taken(models, [models.card(MAP)])[MAP],
                    functions=maps.functions(),
                    elem_id="walk-map",
                )
            with gr.Column(scale=2, min_width=0, elem_classes="walk-given"):
                given = PictureInput("map", models, (MAP,))
        gr.HTML(figure_line(models.card(MAP)))
        self.inputs: list[Any] = []
        self.outputs = [given.note, self.map]
        given.connect(self.show, [], self.outputs, "walk_map")

    def show(self, picture: UserPicture = FIRST_EXAMPLE) -> tuple[str, MapMarks]:
        """A picture on the map, and where it comes from."""
        return model_input(self.maps.models, picture, MAP).note, self.maps.marks(MAP, picture)


def check_cards(models: Models, *names: str) -> None:
    """Whether models and their atlases are there.

    Raises:
        CheckpointError: One is missing, or its card cannot be read.
    """
    for name in names:
        for part in (name, ATLASES.name(name)):
            models.card(part)


def _nearer(z: Tensor) -> str:
    """How far out a point lies, in words; the distance of a random point has the Rayleigh distribution."""
    radius = float(z.norm())
    share = -math.expm1(-(radius**2) / 2)
    nearer = f"{100 * share:.3g} % of" if share < 0.999 else "practically all"
    return (
        f'<p class="lab-number"><b>|z| = {radius:.2f}</b>: {nearer} random points of a standard normal lie closer to '
        "0.</p>"
    )


@cache
def _counts(maps: Maps, name: str, region: Region) -> list[int]:
    """How many pictures of random points are read as each class."""
    pictures = maps.pictures(name, maps.random_points(name, region, 0, MANY_POINTS))
    return torch.bincount(maps.read_as(pictures), minlength=len(FIRST.classes)).tolist()
