"""The training loop: one for every model, with any number of losses and an optimiser for each."""

import functools
import gc
import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn
from tqdm import tqdm

from gm_core.data.datasets import Images, describe_change
from gm_core.models import FAMILIES, Batch, Loss, Model
from gm_core.numerics import isolation
from gm_core.training.curve import log_progress
from gm_core.training.processes import Processes, join
from gm_core.training.recipes import Recipe
from gm_core.training.signals import stop_on_signal
from gm_core.training.state import Parts, StateError, has_state, load_state, save_state

SAVE_SECONDS = 180.0
"""Time between two saved states."""

SHOW_STEPS = 20
"""Steps between two updates of the losses on the progress bar."""


@dataclass(frozen=True)
class Trained:
    """The outcome of a training run.

    Attributes:
        model: The model with the averaged weights, in eval mode on the CPU.
        steps: Steps taken in all.
        seconds: Time spent in all, over every resumption.
        finished: Whether the recipe's last step was reached.
        history: Every stage of the run, for the card: a run that was resumed with another number of steps has several.
    """

    model: Model
    steps: int
    seconds: float
    finished: bool
    history: list[dict[str, Any]]


def build_model(recipe: Recipe) -> Model:
    """The untrained model of a recipe: its initial weights depend on the recipe's seed alone."""
    families = [family for family in FAMILIES.values() if family.Config is type(recipe.model)]
    if len(families) != 1:
        raise ValueError(f"no family, or more than one, has a {type(recipe.model).__name__} for its config")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        return families[0](recipe.model)


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
    batch, and the first one writes and prints; but for rounding, the weights are those of a single process, unless the
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
        compile_model: Compile the losses with ``torch.compile`` first (about half a minute, then faster).
        quiet: No progress bar.

    Returns:
        The model, and how far the run came.

    Raises:
        StateError: ``resume`` was asked for and there is no usable state; or it was not, and there is one; or the
            weights are no longer finite; or the batch cannot be shared equally.
    """
    with isolation(), torch.inference_mode(False), torch.enable_grad(), join(device) as processes:
        if recipe.batch % processes.count:
            raise StateError(f"a batch of {recipe.batch} cannot be shared equally among {processes.count} processes")
        run = _Run(recipe, data, directory, processes, resume)
        processes.agree(False)  # all have read the state that they resume from
        run.save()  # so that a folder that cannot be written to fails now, not after hours
        losses_of = _losses_function(run.model, processes.device, compile_model)
        bar = tqdm(
            total=recipe.steps,
            initial=run.step,
            unit="step",
            desc=recipe.name,
            disable=quiet or not run.main,
            mininterval=1.0,
        )
        gc.collect()
        gc.freeze()  # skips what lives as long as the run at every collection: saves a fourteenth of the time
        with stop_on_signal() as stopping, torch.random.fork_rng(), bar:
            while run.step < recipe.steps:
                late = max_minutes is not None and monotonic() - run.begin > 60 * max_minutes
                if processes.agree(late or stopping.is_set()):
                    break
                run.take_step(_batch(recipe, data, run.step), losses_of)
                bar.update()
                if run.step % SHOW_STEPS == 0:
                    run.track()
                    rate = recipe.batch * (bar.format_dict["rate"] or 0)
                    bar.set_postfix_str(f"{run.figures()}, {rate:.0f} images/s", refresh=False)
                if run.main and monotonic() - run.saved > SAVE_SECONDS:
                    run.save()
                    run.log(validation)
                    run.saved = monotonic()
            run.save()
        return Trained(run.averaged_model(), run.step, run.seconds(), run.step >= recipe.steps, run.history())


def take_step(
    losses: Mapping[str, Loss],
    optimizers: Mapping[str, torch.optim.Optimizer],
    prepare: Callable[[list[nn.Parameter]], None] = lambda _: None,
) -> None:
    """One step of every group that has a loss; all gradients are taken before any weight moves.

    Args:
        losses: Losses by group.
        optimizers: One per group, each with a single list of parameters.
        prepare: Called with a group's parameters once they have gradients.

    Raises:
        ValueError: A loss is of no group.
    """
    for name in losses.keys() - optimizers.keys():
        raise ValueError(f"the loss {name!r} belongs to no parameter group; there are {', '.join(optimizers)}")
    groups = {name: optimizers[name].param_groups[0]["params"] for name in losses}
    for place, (name, loss) in enumerate(losses.items(), 1):
        loss.value.backward(inputs=groups[name], retain_graph=place < len(losses))
    for name, parameters in groups.items():
        prepare(parameters)
        optimizers[name].step()
        optimizers[name].zero_grad(set_to_none=True)


class _Run:
    """A training run: the model, an optimiser per parameter group, the averaged weights, and the progress.

    Args:
        recipe: What to do.
        data: Training images.
        directory: Where the state lies.
        processes: The processes that share the work.
        resume: Take up the state.
    """

    def __init__(self, recipe: Recipe, data: Images, directory: Path, processes: Processes, resume: bool) -> None:
        self.recipe, self.directory, self.processes = recipe, directory, processes
        self.data = data.provenance
        self.main = processes.rank == 0
        self.model = build_model(recipe).to(processes.device)
        if recipe.channels_last:
            self.model = self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.groups = {name: list(group) for name, group in self.model.parameter_groups().items()}
        _check_groups(self.groups, self.model)
        average = {name: value.detach().clone() for name, value in self.model.state_dict().items()}
        optimizers = {name: self._optimizer(name) for name in self.groups}
        self.parts = Parts(self.model, average, optimizers)
        self.step, self.spent = 0, 0.0
        self.stages: list[dict[str, Any]] = []
        self.latest: dict[str, Loss] = {}  # of every group, also of one without a loss in the current step
        self.means: dict[str, float] = {}
        # The number of steps is not saved: it may change between two resumptions.
        self.identity = {key: value for key, value in asdict(recipe).items() if key != "steps"}
        change = ""
        if resume:
            progress = load_state(directory, self.parts, self.identity, data.class_names)
            self.step, self.spent = progress["step"], progress["seconds"]
            self.stages = progress.get("stages", [])
            change = describe_change(progress.get("data", {}), self.data)
            if change and self.main:
                print(f"warning: resuming {recipe.name}: {change}", file=sys.stderr)
        elif self.main and has_state(directory):
            raise StateError(
                f"{directory} already holds a run: continue it with --resume, delete it, or choose another --out"
            )
        if change or not self.stages or self.stages[-1]["planned"] != recipe.steps:
            if self.stages:  # what was planned before ends here
                self.stages[-1] |= {"steps": self.step, "minutes": round(self.spent / 60, 1)}
            self.stages.append({"planned": recipe.steps, **({"data": change} if change else {})})
        self.begin = self.saved = monotonic()

    def take_step(
        self, batch: tuple[Batch, torch.Generator], losses_of: Callable[[Batch, torch.Generator], dict[str, Loss]]
    ) -> None:
        """One step, and the averaged weights after it."""
        shared, generator = batch
        count, rank = self.processes.count, self.processes.rank
        if count > 1:
            shared = Batch(shared.images[rank::count], shared.labels[rank::count])
            generator = _generator(self.recipe.seed, self.step * count + rank, 1)
        torch.manual_seed(generator.initial_seed())  # for dropout, which takes no generator
        losses = losses_of(shared, generator)
        for name, optimizer in self.parts.optimizers.items():
            for group in optimizer.param_groups:
                group["lr"] = self.recipe.rate(self.step, name)
        take_step(losses, self.parts.optimizers, self._prepare)
        self.latest |= {name: Loss(loss.value.detach(), loss.unit, loss.scale) for name, loss in losses.items()}
        if count > 1:
            self.processes.share(list(_buffers(self.model).values()))
        self.step += 1
        _update_average(self.parts.average, self.model, min(self.recipe.ema, (1 + self.step) / (10 + self.step)))

    def _prepare(self, parameters: list[nn.Parameter]) -> None:
        """Average the gradients of a group over the processes, and clip their norm."""
        self.processes.average([parameter.grad for parameter in parameters if parameter.grad is not None])
        nn.utils.clip_grad_norm_(parameters, self.recipe.clip)

    def track(self) -> None:
        """Add the latest losses to the running means."""
        for name, loss in self.latest.items():
            now = loss.figure
            self.means[name] = 0.9 * self.means[name] + 0.1 * now if name in self.means else now

    def figures(self) -> str:
        """The losses so far, for the progress bar."""
        several = len(self.means) > 1
        return ", ".join(
            f"{name + ' ' if several else ''}{mean:.4f} {self.latest[name].unit}" for name, mean in self.means.items()
        )

    def history(self) -> list[dict[str, Any]]:
        """The stages so far; steps and minutes count from the start of the run."""
        last = {"steps": self.step, "minutes": round(self.seconds() / 60, 1)}
        return [
            {
                "change": f"{'resumed' if number else 'trained by the recipe'}, {stage['planned']:,} steps planned"
                + (f"; {stage['data']}" if "data" in stage else ""),
                **{key: stage.get(key, last[key]) for key in last},
            }
            for number, stage in enumerate(self.stages)
        ]

    def seconds(self) -> float:
        """Time spent, over every resumption."""
        return self.spent + monotonic() - self.begin

    def save(self) -> None:
        """Write the state; the last good one stays once the weights are no longer finite."""
        if not self.main:
            return
        if not all(value.isfinite().all() for value in self.parts.average.values()):
            raise StateError(
                f"training diverged before step {self.step}: the last good state is kept in {self.directory}"
            )
        progress = {"step": self.step, "seconds": self.seconds(), "recipe": self.identity}
        progress |= {"stages": self.stages, "data": self.data}
        save_state(self.directory, self.parts, progress)

    def log(self, validation: Images) -> None:
        """Measure the averaged weights on the first 500 held-out images, and add a line to the learning curve."""
        held_out = _validate(self.averaged_model().to(self.processes.device), validation)
        units = {name: loss.unit for name, loss in self.latest.items()}
        training = {name: (self.means.get(name, math.nan), units.get(name, "")) for name in self.groups}
        log_progress(self.directory, self.step, self.seconds(), training, held_out)

    def averaged_model(self) -> Model:
        """A fresh model with the averaged weights, on the CPU."""
        model = build_model(self.recipe)
        model.load_state_dict(self.parts.average)
        return model.eval().requires_grad_(False)

    def _optimizer(self, name: str) -> torch.optim.Optimizer:
        recipe = self.recipe
        return torch.optim.AdamW(
            self.groups[name],
            lr=recipe.rate(0, name),
            betas=(0.9, 0.99),
            weight_decay=recipe.weight_decay,
            fused=True,
        )


def _check_groups(groups: Mapping[str, list[nn.Parameter]], model: Model) -> None:
    """``ValueError`` unless every parameter is in exactly one group: a missing one would silently never learn."""
    grouped = [id(parameter) for group in groups.values() for parameter in group]
    if sorted(grouped) != sorted(id(parameter) for parameter in model.parameters()):
        raise ValueError(f"the parameter groups of a {model.family!r} must hold each of its parameters exactly once")


def _losses_function(
    model: Model, device: torch.device, compile_model: bool
) -> Callable[[Batch, torch.Generator], dict[str, Loss]]:
    """The model's losses under bf16 autocast, for images that are moved to the device."""

    def losses(images: Tensor, labels: Tensor, generator: torch.Generator) -> dict[str, Loss]:
        with torch.autocast(device.type, torch.bfloat16):
            return model.losses(Batch(images, labels), generator)

    # A model that draws from a generator is not compiled: the compiler cannot trace generators.
    function = torch.compile(losses) if compile_model and model.compiles else losses

    def fresh(batch: Batch, generator: torch.Generator) -> dict[str, Loss]:
        # Where the caller is under autocast, the weights that it has cast would be kept from step to step.
        torch.clear_autocast_cache()
        return function(batch.images.to(device), batch.labels.to(device), generator)

    return fresh


def _batch(recipe: Recipe, data: Images, step: int) -> tuple[Batch, torch.Generator]:
    """The images and labels of a step and the generator for its noise, which depend on the seed and the step alone."""
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
    return Batch(images, labels), generator


@functools.lru_cache(maxsize=1)
def _order(seed: int, epoch: int, size: int) -> Tensor:
    """The order of the images in an epoch."""
    return torch.randperm(size, generator=_generator(seed, epoch, 0))


def _generator(seed: int, number: int, kind: int) -> torch.Generator:
    """A separate generator for each (seed, number, kind)."""
    return torch.Generator().manual_seed((seed * 1_000_003 + number) * 2 + kind)


def _update_average(average: dict[str, Tensor], model: nn.Module, decay: float) -> None:
    """Move the averaged parameters towards the current ones; buffers, such as chains, are copied."""
    state, buffers = model.state_dict(), _buffers(model)
    names = [name for name in average if name not in buffers]
    blend = get_ema_multi_avg_fn(decay)
    blend([average[name] for name in names], [state[name] for name in names], None)
    for name, value in buffers.items():
        average[name].copy_(value)


def _buffers(model: nn.Module) -> dict[str, Tensor]:
    """What is saved beside the parameters: chains, replay memories."""
    parameters = {name for name, _ in model.named_parameters(remove_duplicate=False)}
    return {name: value for name, value in model.state_dict().items() if name not in parameters}


@torch.inference_mode()
def _validate(model: Model, validation: Images) -> Loss | None:
    """The loss on the first 500 held-out images; ``None`` for models without a meaningful one."""
    some = validation.first(500)
    images, device = some.pictures().to(model.device), model.device
    generator = torch.Generator().manual_seed(0)
    losses: list[Loss] = []
    for part, labels in zip(images.split(50), some.labels.to(device).split(50), strict=True):
        loss = model.held_out_loss(Batch(part, labels), generator)
        if loss is None:
            return None
        losses.append(Loss(loss.value * len(part) / len(images), loss.unit, loss.scale))
    return Loss(torch.stack([loss.value for loss in losses]).sum(), losses[0].unit, losses[0].scale)
