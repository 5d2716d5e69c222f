"""How the learned field is trained: by maximum likelihood, on codes that are drawn anew for every step."""

import time
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.optim.lr_scheduler import OneCycleLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

from gm_core.models.flow.ffjord import FFJORD, random_signs


@dataclass(frozen=True)
class FieldRecipe:
    """A training run.

    Attributes:
        width: Of the network's hidden layers.
        layers: How many of them.
        steps: Of the optimiser.
        batch: Codes per step.
        learning_rate: Adam's at its highest, a tenth of the way through; from there it falls along a cosine.
        solver: That the likelihood is computed with, and learned through.
        solver_steps: Its steps from code to noise. They begin at other times in every step of training: a flow that is
            trained with the same few steps always learns to profit from the solver's error (with 8 of Heun's method,
            0.16 nats of its likelihood were of that kind).
        any_class: Share of the codes whose class is not told.
        clip: Largest norm of the gradient.
        ema: Decay per step of the moving average of the weights, which is what is kept.
        seed: Of the weights, the codes and the signs of Hutchinson's trace.
    """

    width: int = 64
    layers: int = 3
    steps: int = 2500
    batch: int = 256
    learning_rate: float = 5e-3
    solver: str = "rk4"
    solver_steps: int = 8
    any_class: float = 0.5
    clip: float = 5.0
    ema: float = 0.998
    seed: int = 0


def train_ffjord(
    means: Tensor, stds: Tensor, labels: Tensor, classes: int, recipe: FieldRecipe, *, quiet: bool = False
) -> tuple[FFJORD, float]:
    """Train a flow on draws from posteriors.

    Args:
        means: Of the posteriors, ``float32`` (N, D).
        stds: Their standard deviations, (N, D).
        labels: Their classes, ``int64`` (N,).
        classes: How many there are.
        recipe: How.
        quiet: No progress bar.

    Returns:
        The flow, and the seconds that its process computed.
    """
    generator = torch.Generator().manual_seed(recipe.seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        flow = FFJORD(means.shape[1], classes, recipe.width, recipe.layers)
    average = AveragedModel(flow, multi_avg_fn=get_ema_multi_avg_fn(recipe.ema))
    optimizer = torch.optim.Adam(flow.parameters(), recipe.learning_rate)
    schedule = OneCycleLR(
        optimizer, recipe.learning_rate, total_steps=recipe.steps, pct_start=0.1, cycle_momentum=False
    )
    begun = time.process_time()
    for _ in (bar := tqdm(range(recipe.steps), desc="FFJORD", unit="step", disable=quiet)):
        which = torch.randint(len(means), (recipe.batch,), generator=generator)
        codes = means[which] + stds[which] * torch.randn(recipe.batch, means.shape[1], generator=generator)
        is_any = torch.rand(recipe.batch, generator=generator) < recipe.any_class
        own = torch.where(is_any, -1, labels[which])
        signs, times = random_signs(codes, generator), uneven_times(recipe.solver_steps, generator)
        loss = -flow.log_prob(codes, own, times=times, solver=recipe.solver, signs=signs).mean()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(flow.parameters(), recipe.clip)
        optimizer.step()
        schedule.step()
        average.update_parameters(flow)
        bar.set_postfix(nats=f"{loss.item():.3f}", refresh=False)
    flow.load_state_dict(average.module.state_dict())
    return flow.eval().requires_grad_(False), time.process_time() - begun


def uneven_times(steps: int, generator: torch.Generator) -> list[float]:
    """Times from 0 to 1, those between them moved from their even places by up to 0.4 of a step."""
    moves = 0.8 * torch.rand(steps - 1, generator=generator) - 0.4
    return [0.0, *((index + 1 + move) / steps for index, move in enumerate(moves.tolist())), 1.0]
