"""What more than one test file makes or needs."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any, TypeVar

import torch
from torch import Tensor

from gm_core.checkpoints import Card, Metric, save
from gm_core.models import Batch, Model, ModelConfig

HOSTILE_NAMES = [
    "two\nlines.png",
    "return\rover.png",
    "\x1b[2J\x1b[31mred.png",
    "\x9b31mred.png",
    "\u202egnp.exe.png",
    "\u2066a\u200b\ufeff\u2028.png",
    "caf\udce9.png",
    "\u3164\u034f.png",
    "=1+1.png",
    "  @SUM(1).png",
    "-2+3.png",
    "a;=1+1.png",
    "\t+1.png",
    "＝1.png",
    "\"quoted\",'it'.png",
]
"""Names that a Linux file system takes."""

C = TypeVar("C", bound=ModelConfig)


def flat(config: type[C], **entries: Any) -> C:
    """A config from flat names, as on older cards: height, width and levels are those of the pictures."""
    return config.from_card(entries)


def loss_of(model: Model, images: Tensor, labels: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """The one loss of a model that has one, in nats per image or what else it is in."""
    return model.losses(Batch(images, labels), generator or seeded())["model"].value


def seeded(seed: int = 0) -> torch.Generator:
    """A generator with a seed of its own."""
    return torch.Generator().manual_seed(seed)


def shipped(model, name, directory):
    card = Card(
        name=name,
        family=model.family,
        description="A test's own.",
        dataset="none",
        split="none",
        config=asdict(model.config),
        metrics=[Metric("bits_per_dim", 1.5, "bits/dim", "made up")],
    )
    return save(card, model.state_dict(), directory)


def free_port() -> int:
    """A port that no program listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def served(app: Any) -> Iterator[str]:
    """The address of an app, while it runs."""
    from demo import launch_options

    port = free_port()  # looking for one by itself, Gradio leaves sockets open
    _, url, _ = app.launch(prevent_thread_lock=True, quiet=True, server_port=port, **launch_options())
    yield url
    app.close()
