"""The training loop: one for every model."""

import contextlib
import functools
import gc
import math
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic
from types import FrameType

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from tqdm import tqdm

from gm_core.checkpoints import FAMILIES
from gm_core.data.datasets import Images
from gm_core.models.autoregressive.base import PixelCNN
from gm_core.models.classifier.classifier import Classifier
from gm_core.models.vae.autoencoder import Autoencoder
from gm_core.models.vae.vae import VAE
from gm_core.training.curve import log_progress
from gm_core.training.processes import Processes, joined
from gm_core.training.recipes import Recipe
from gm_core.training.state import StateError, has_state, load_state, save_state

Model = PixelCNN | VAE | Autoencoder | Classifier

_KINDS = {kind.config_type: kind for kind in FAMILIES.values()}

SAVE_SECONDS = 180.0
"""Time between two saved states."""


@dataclass(frozen=True)
class Trained:
    """What came of a training run.

    Attributes:
        model: The model with the averaged weights, in eval mode on the CPU.
        steps: Steps taken in all.
        seconds: Time spent in all, over every resumption.
        finished: Whether the recipe's last step was reached.
    """

    model: Model
    steps: int
    seconds: float
    finished: bool


def build_model(recipe: Recipe) -> Model:
    """The untrained model of a recipe: its initial weights depend on the recipe's seed alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        return _KINDS[type(recipe.model)](recipe.model)  # type: ignore[arg-type]


def train(
    recipe: Recipe,
    data: Images,
    validation: Images,
    *,
    directory: Path,
    device: torch.device,
    resume: bool = False,
    max_minutes: float | None = None,
    compile_model: bool = False,
    quiet: bool = False,
) -> Trained:
    """Train by a recipe, saving the state every few minutes and on interruption.

    Every random number of a step comes from the recipe's seed and the step's number, so a resumed run continues as the
    uninterrupted one would have. Where ``torchrun`` started several processes, each takes an equal share of every
    batch, and the first one writes and talks; but for rounding, the weights are those of a single process, unless the
    model draws numbers of its own, as a VAE does.

    Args:
        recipe: What to do.
        data: Training images.
        validation: Held-out images, to watch progress on; they influence nothing.
        directory: Where the state (``state-*.safetensors``) and the learning curve (``curve.csv``, and as a picture,
            ``curve.svg``) go.
        device: Where to run.
        resume: Take up the state in ``directory``.
        max_minutes: Stop after so long, with the state saved.
        compile_model: Compile the loss with ``torch.compile`` first (about half a minute, then faster).
        quiet: No progress bar.

    Returns:
        The model and how far it came.

    Raises:
        StateError: ``resume`` was asked for and there is no usable state; or it was not, and there is one; or the
            weights became infinite; or the batch cannot be shared equally.
    """
    with joined(device) as processes:
        return _train(recipe, data, validation, directory, processes, resume, max_minutes, compile_model, quiet)


def _train(
    recipe: Recipe,
    data: Images,
    validation: Images,
    directory: Path,
    processes: Processes,
    resume: bool,
    max_minutes: float | None,
    compile_model: bool,
    quiet: bool,
) -> Trained:
    if recipe.batch % processes.count:
        raise StateError(f"a batch of {recipe.batch} cannot be shared equally among {processes.count} processes")
    device, main = processes.device, processes.rank == 0
    model = build_model(recipe).to(device)
    if recipe.channels_last:
        model = model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = {name: value.detach().clone() for name, value in model.state_dict().items()}
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=recipe.learning_rate, betas=(0.9, 0.99), weight_decay=recipe.weight_decay, fused=True
    )
    step, spent = 0, 0.0
    identity = {key: value for key, value in asdict(recipe).items() if key != "steps"}
    if resume:
        progress = load_state(directory, model, average, optimizer, identity)
        step, spent = progress["step"], progress["seconds"]
    elif main and has_state(directory):
        raise StateError(f"{directory} holds a run already: go on with --resume, or delete it, or name another --out")
    loss_of = _loss_function(model, processes, compile_model)
    unit, factor = model.loss_unit
    factor /= math.prod(data.images.shape[1:])
    begin, saved, recent = monotonic(), monotonic(), math.nan

    def save() -> None:
        if not main:
            return
        if not all(value.isfinite().all() for value in average.values()):
            raise StateError(f"training diverged before step {step}: the last good state is kept in {directory}")
        seconds = spent + monotonic() - begin
        save_state(directory, model, average, optimizer, {"step": step, "seconds": seconds, "recipe": identity})

    processes.agree(False)  # all have read what they go on from
    save()  # a folder that cannot be written to is found out now, not after hours
    bar = tqdm(
        total=recipe.steps, initial=step, unit="step", desc=recipe.name, disable=quiet or not main, mininterval=1.0
    )
    gc.collect()
    gc.freeze()  # what lives as long as the run need not be looked through at every collection: 1 in 14 of the time
    with _stop_on_signal() as stopping, torch.random.fork_rng(), bar:
        while step < recipe.steps:
            late = max_minutes is not None and monotonic() - begin > 60 * max_minutes
            if processes.agree(late or stopping.is_set()):
                break
            for group in optimizer.param_groups:
                group["lr"] = recipe.rate(step)
            images, labels, generator = _batch(recipe, data, step)
            if processes.count > 1:
                images, labels = (part[processes.rank :: processes.count] for part in (images, labels))
                generator = _generator(recipe.seed, step * processes.count + processes.rank, 1)
            torch.manual_seed(generator.initial_seed())  # for dropout, which takes no generator
            loss = loss_of(images.to(device), labels.to(device), generator)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), recipe.clip)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            step += 1
            _update_average(average, model, min(recipe.ema, (1 + step) / (10 + step)))
            bar.update()
            if step % 20 == 0:
                now = float(loss.detach()) * factor
                recent = now if math.isnan(recent) else 0.9 * recent + 0.1 * now
                rate = recipe.batch * (bar.format_dict["rate"] or 0)
                bar.set_postfix_str(f"{recent:.4f} {unit}, {rate:.0f} images/s", refresh=False)
            if main and monotonic() - saved > SAVE_SECONDS:
                save()
                held_out = _validate(recipe, average, validation, device)
                log_progress(directory, unit, step, spent + monotonic() - begin, recent, held_out)
                saved = monotonic()
        save()
    trained = _averaged(recipe, average)
    return Trained(trained, step, spent + monotonic() - begin, step >= recipe.steps)


class _Loss(nn.Module):
    """A model's loss under bf16 autocast, as a module, which is what shares gradients among processes."""

    def __init__(self, model: Model, device: torch.device) -> None:
        super().__init__()
        self.model, self.device = model, device

    def forward(self, images: Tensor, labels: Tensor, generator: torch.Generator) -> Tensor:
        """Nats a picture."""
        with torch.autocast(self.device.type, torch.bfloat16):
            return self.model.loss(images, labels, generator)


def _loss_function(
    model: Model, processes: Processes, compile_model: bool
) -> Callable[[Tensor, Tensor, torch.Generator], Tensor]:
    """The model's loss; of several processes, its gradient is the mean of theirs."""
    loss: nn.Module = _Loss(model, processes.device)
    if processes.count > 1:
        # Some models have weights that no pixel's loss depends on, as the last vertical layer's way onwards.
        loss = DistributedDataParallel(loss, find_unused_parameters=True)
    # A model that draws random numbers from a generator is left alone: the compiler cannot trace those.
    return torch.compile(loss) if compile_model and isinstance(model, PixelCNN) else loss


def _batch(recipe: Recipe, data: Images, step: int) -> tuple[Tensor, Tensor, torch.Generator]:
    """The images and labels of a step, and the generator for its noise: functions of the seed and the step alone."""
    per_epoch = max(1, len(data) // recipe.batch)
    epoch, place = divmod(step, per_epoch)
    index = _order(recipe.seed, epoch, len(data))[place * recipe.batch : (place + 1) * recipe.batch]
    generator = _generator(recipe.seed, step, 1)
    labels = data.labels[index]
    if recipe.any_class:
        hidden = torch.rand(len(labels), generator=generator) < recipe.any_class
        labels = torch.where(hidden, -1, labels)
    images = data.pictures(index, generator)
    if recipe.mutation:
        mutated = torch.rand(images.shape, generator=generator) < recipe.mutation
        levels = torch.randint(256, images.shape, generator=generator, dtype=torch.uint8)
        images = torch.where(mutated, levels, images)
    return images, labels, generator


@functools.lru_cache(maxsize=1)
def _order(seed: int, epoch: int, size: int) -> Tensor:
    """The order of the images in an epoch."""
    return torch.randperm(size, generator=_generator(seed, epoch, 0))


def _generator(seed: int, number: int, kind: int) -> torch.Generator:
    """A generator of its own for each (seed, number, kind)."""
    return torch.Generator().manual_seed((seed * 1_000_003 + number) * 2 + kind)


@torch.no_grad()
def _update_average(average: dict[str, Tensor], model: nn.Module, decay: float) -> None:
    state = model.state_dict()
    names = [name for name in average if average[name].is_floating_point()]
    torch._foreach_lerp_([average[name] for name in names], [state[name] for name in names], 1 - decay)


def _averaged(recipe: Recipe, average: dict[str, Tensor]) -> Model:
    """A fresh model with the averaged weights."""
    model = build_model(recipe)
    model.load_state_dict(average)
    return model.eval().requires_grad_(False)


@torch.inference_mode()
def _validate(recipe: Recipe, average: dict[str, Tensor], validation: Images, device: torch.device) -> float:
    """What a pixel costs the averaged weights on the first 500 held-out images, labels unseen but by a classifier."""
    model = _averaged(recipe, average).to(device)
    some = validation.first(500)
    images = some.pictures().to(device)
    labels = (some.labels if isinstance(model, Classifier) else torch.full_like(some.labels, -1)).to(device)
    generator = torch.Generator().manual_seed(0)
    losses = [
        float(model.loss(i, y, generator)) * len(i) for i, y in zip(images.split(50), labels.split(50), strict=True)
    ]
    return sum(losses) / images.numel() * model.loss_unit[1]


@contextlib.contextmanager
def _stop_on_signal() -> Iterator[threading.Event]:
    """An event that is set when the user or the system asks the program to end; the step in hand is finished first."""
    stopping = threading.Event()
    if threading.current_thread() is not threading.main_thread():  # where signals cannot be caught
        yield stopping
        return

    def stop(number: int, frame: FrameType | None) -> None:
        stopping.set()

    previous = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopping
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
