"""A recipe: everything needed to train a checkpoint again. Each family keeps its own in ``recipes.py``."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gm_core.models.base import ModelConfig


@dataclass(frozen=True)
class Recipe:
    """A training run, up to the hardware it runs on.

    Attributes:
        name: Name of the checkpoint it makes, ``DATASET-FAMILY[-VARIANT]``.
        dataset: Name of the data set.
        model: Shape of the model.
        steps: Optimiser steps.
        batch: Images per step.
        learning_rate: Peak learning rate of AdamW.
        warmup: Steps over which the learning rate rises from 0.
        decay: Last part of the steps, over which it falls linearly to 2 % of its peak.
        weight_decay: Decoupled weight decay.
        clip: Largest norm of the gradient of a group.
        ema: Decay per step of the exponential moving average of the weights, which is what ships.
        any_class: Chance that a picture's label is replaced by "any class".
        mutation: Chance that a pixel is replaced by a level drawn at random, which leaves a model of the general look
            of the pictures without what they show (Ren et al., 2019, "Likelihood Ratios for Out-of-Distribution
            Detection", section 4.2). https://arxiv.org/abs/1906.02845
        channels_last: Memory format of the weights.
        seed: Of the initial weights, the batches and the noise.
        rates: Peak rates of the parameter groups that have one of their own, by name.
    """

    name: str
    dataset: str
    model: ModelConfig
    steps: int
    batch: int
    learning_rate: float
    warmup: int = 200
    decay: float = 0.4
    weight_decay: float = 0.01
    clip: float = 1.0
    ema: float = 0.999
    any_class: float = 0.0
    mutation: float = 0.0
    channels_last: bool = True
    seed: int = 0
    rates: Mapping[str, float] = field(default_factory=dict)

    def rate(self, step: int, group: str = "model") -> float:
        """Learning rate at a step (from 0): linear warm-up, a plateau, a linear decay.

        The plateau is what makes a run easy to lengthen: everything before the decay stays as it was.
        """
        rise = (step + 1) / self.warmup
        fall = 0.02 + 0.98 * (self.steps - step) / max(1.0, self.decay * self.steps)
        return self.rates.get(group, self.learning_rate) * min(1.0, rise, fall)
