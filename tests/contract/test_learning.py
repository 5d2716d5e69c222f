"""How a model is trained, whatever the family: losses, what each moves, and what held-out images say."""

import math

import torch

from gm_core.models import Batch
from gm_core.training.loop import take_step
from tests.contract.tiny import UNREACHED, able, classes, pictures
from tests.helpers import seeded


def batch_of(model, n=8):
    return Batch(pictures(model.config, n), classes(model.config, n))


@able()
def test_every_parameter_is_in_one_group(model):
    grouped = [id(parameter) for group in model.parameter_groups().values() for parameter in group]
    assert sorted(grouped) == sorted(id(parameter) for parameter in model.parameters())


@able()
def test_the_gradient_of_a_groups_loss_reaches_all_of_its_parameters(model):
    groups = {name: list(group) for name, group in model.parameter_groups().items()}
    losses = model.train().losses(batch_of(model), seeded())
    assert losses and losses.keys() <= groups.keys()
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    unreached = set()
    for group, loss in losses.items():
        assert loss.value.ndim == 0 and math.isfinite(loss.figure) and loss.unit
        gradients = torch.autograd.grad(loss.value, groups[group], retain_graph=True, allow_unused=True)
        for parameter, gradient in zip(groups[group], gradients, strict=True):
            if gradient is None or not bool(gradient.any()):
                unreached.add(names[id(parameter)])
            else:
                assert bool(gradient.isfinite().all()), names[id(parameter)]
    assert unreached == set(UNREACHED.get(model.family, {})), "name them in UNREACHED, with the reason, or drop them"


@able()
def test_the_seeds_decide_a_loss(model):
    figures = []
    for _ in range(2):
        torch.manual_seed(0)  # of dropout, which takes no generator
        figures.append({name: loss.figure for name, loss in model.train().losses(batch_of(model), seeded()).items()})
    assert figures[0] == figures[1]


@able()
def test_a_few_steps_lower_the_loss(model):
    if set(model.parameter_groups()) != {"model"}:
        return  # of losses that pull against each other, none needs to fall
    optimizers = {"model": torch.optim.AdamW(model.parameters(), lr=3e-3, fused=True)}
    figures = []
    for step in range(40):
        torch.manual_seed(step)
        losses = model.train().losses(batch_of(model), seeded(step % 5))
        figures.append(losses["model"].figure)
        take_step(losses, optimizers)
    assert sum(figures[-5:]) < sum(figures[:5])


@able()
def test_held_out_images_say_something_or_nothing(model):
    model.eval()
    with torch.inference_mode():
        figures = [model.held_out_loss(batch_of(model), seeded()) for _ in range(2)]
    if figures[0] is None:
        assert figures[1] is None
    else:
        assert math.isfinite(figures[0].figure) and figures[0].figure == figures[1].figure and figures[0].unit
