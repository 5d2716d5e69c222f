"""The study of a plane of codes: made, saved, loaded and measured."""

import platform
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor

from gm_core.checkpoints import Card, CheckpointError, Metric, load, read_card
from gm_core.data.datasets import Images, load_dataset
from gm_core.evaluation.batches import in_batches
from gm_core.models.capabilities import Variational
from gm_core.models.flow.ffjord import FFJORD, random_signs, standard_normal
from gm_core.numerics import isolate
from gm_core.studies.field.fields import DENSITY_STEPS, FieldStudy
from gm_core.studies.field.mixture import Mixture
from gm_core.studies.field.training import FieldRecipe, train_ffjord
from gm_core.studies.store import Measurement, Stored, StudyFamily, register

COMPONENTS = 3000
"""Training pictures whose posteriors the exact fields lead to: the first. More would be slow to look at."""

PLANE = 2
"""Dimensions that can be seen."""


@isolate
def make_field(
    name: str,
    train: Images,
    held_out: Images,
    *,
    recipe: FieldRecipe | None = None,
    directory: Path,
    quiet: bool = False,
) -> Card:
    """Train a flow on the codes of a VAE with two latent dimensions; save it with the posteriors of some pictures.

    All of it is small, and runs on the CPU.

    Args:
        name: The VAE.
        train: Pictures it was trained on.
        held_out: Pictures it was not trained on, to measure on.
        recipe: How the flow is trained.
        directory: Where the VAE lies, and where the study goes, as ``NAME-field``.
        quiet: No progress bars.

    Returns:
        The study's card.

    Raises:
        CheckpointError: The model is missing, has no posterior, or not two latent dimensions.
    """
    recipe = recipe or FieldRecipe()
    vae = load(name, "cpu", directory, what=Variational)
    if vae.dimensions != PLANE:
        raise CheckpointError(f"{name!r} has {vae.dimensions} latent dimensions; a field is seen in {PLANE}")
    posteriors = _posteriors(vae, train, quiet)
    flow, seconds = train_ffjord(
        posteriors.means.float(), posteriors.stds.float(), train.labels, len(train.class_names), recipe, quiet=quiet
    )
    some = Mixture(posteriors.means[:COMPONENTS], posteriors.stds[:COMPONENTS], train.labels[:COMPONENTS])
    study = FieldStudy(some, flow, train.class_names)
    metrics, minutes = evaluate_field(vae, study, held_out, quiet), round(seconds / 60, 1)
    return FIELDS.save(
        name,
        to_tensors(study),
        directory,
        description=f"FFJORD on codes, and the posteriors of {len(some.means):,} training pictures for exact fields",
        split=f"trained on {len(train):,} training images, on their codes; measured on the {len(held_out):,} held out",
        metrics=[*metrics, *_whole_mixture_metrics(posteriors, vae, held_out, quiet)],
        class_names=train.class_names,
        settings={"width": recipe.width, "layers": recipe.layers},
        recipe=asdict(recipe),
        history=[
            {
                "change": "one run of the recipe",
                "steps": recipe.steps,
                "minutes": minutes,
                "learning_rate": recipe.learning_rate,
                "result": f"{metrics[1].value:.4f} nats per code of the held-out images ({metrics[1].name})",
            }
        ],
        cost={
            "steps": recipe.steps,
            "images_seen": recipe.steps * recipe.batch,
            "minutes": minutes,
            "hardware": f"{torch.get_num_threads()} CPU thread(s), {platform.machine()}",
        },
        parameters=sum(parameter.numel() for parameter in flow.parameters()),
    )


@isolate
def evaluate_field(vae: Variational, study: FieldStudy, held_out: Images, quiet: bool = False) -> list[Metric]:
    """Measure how well densities of the plane know the codes of pictures that no model has seen.

    Args:
        vae: Whose codes they are.
        study: Its fields.
        held_out: The pictures.
        quiet: No progress bars.

    Returns:
        Mean nats per code, under the prior, the flow, and the mixture that the exact fields lead to.
    """
    codes, labels = _draw_codes(_posteriors(vae, held_out, quiet)), held_out.labels
    count = f"mean over one draw from the posterior of each of {len(codes):,} held-out images"
    any_class = torch.full_like(labels, -1)
    steps = f"{DENSITY_STEPS} steps of RK4"
    flow, given = study.flow, _by_class(study.mixture, codes, labels)

    def log_prob(z: Tensor, which: Tensor) -> Tensor:
        return flow.log_prob(z.float(), which).double()

    exact = in_batches(log_prob, codes, any_class, batch=1000, title="FFJORD", quiet=quiet)
    of_class = in_batches(log_prob, codes, labels, batch=1000, title="FFJORD, by class", quiet=quiet)
    signs = random_signs(codes.float(), torch.Generator().manual_seed(0))
    estimated = in_batches(lambda z, which, e: flow.log_prob(z.float(), which, signs=e), codes, any_class, signs)
    few, values = f"posteriors of {len(study.mixture.means):,} training images", study.mixture.log_prob(codes)
    error = float((estimated - exact).abs().mean())
    return [
        _nats("prior", standard_normal(codes), f"under the prior N(0, I), {count}"),
        _nats("ffjord", exact, f"under FFJORD of any class, exact trace, {steps}, {count}"),
        _nats("ffjord_given_class", of_class, f"under FFJORD of the image's class, exact trace, {steps}, {count}"),
        _nats("ffjord_hutchinson", estimated, f"under FFJORD of any class, Hutchinson's trace, {steps}, {count}"),
        Metric("hutchinson_error", error, "nats", f"mean size of its error per code, one draw, {steps}, {count}"),
        _nats("mixture", values, f"under the mixture of the {few}, where the exact fields lead, {count}"),
        _nats("mixture_given_class", given, f"under those of the image's class among the {few}, {count}"),
    ]


class FieldFamily(StudyFamily[FieldStudy]):
    """Fields: each of one VAE with two latent dimensions."""

    family = "field"
    noun = "a field"
    command = "field"

    def sources(self, subject: str) -> dict[str, str]:
        """The VAE itself."""
        return {"model": subject}

    def parse(self, stored: Stored) -> FieldStudy:
        """The fields of a card, from its tensors; they stay on the CPU, which is quickest with so little."""
        classes = len(stored.card.class_names)
        labels = stored.tensor("labels", None).long()
        means, stds = (stored.tensor(name, len(labels), PLANE).double() for name in ("means", "stds"))
        if not (len(labels) and bool((stds > 0).all()) and 0 <= int(labels.min()) <= int(labels.max()) < classes):
            raise ValueError("its posteriors are not those of pictures with these classes")
        flow = FFJORD(PLANE, classes, int(stored.card.config["width"]), int(stored.card.config["layers"]))
        own = {name.removeprefix("flow."): value for name, value in stored.tensors.items() if name.startswith("flow.")}
        flow.load_state_dict(own)
        return FieldStudy(
            Mixture(means, stds, labels), flow.eval().requires_grad_(False), tuple(stored.card.class_names)
        )

    def evaluate(
        self, subject: str, *, data_dir: Path | None, limit: int | None, device: str | torch.device
    ) -> Measurement:
        """Measure the densities of the plane on the held-out images."""
        train, held_out = (
            load_dataset(read_card(subject).dataset, split, data_dir) for split in ("train", "validation")
        )
        vae = load(subject, "cpu", what=Variational)
        held_out = held_out.first(limit)
        metrics = evaluate_field(vae, self.load(subject, "cpu"), held_out)
        return Measurement([*metrics, *_whole_mixture_metrics(_posteriors(vae, train, True), vae, held_out, True)])


FIELDS = register(FieldFamily())


def load_field(name: str, directory: Path | None = None) -> FieldStudy:
    """The fields of a VAE's plane of codes; read only once.

    Args:
        name: The VAE, for instance ``"mnist-vae2d"``; the checkpoint of the fields is ``NAME-field``.
        directory: Where the checkpoints lie.

    Raises:
        CheckpointError: They are missing, damaged, or not of the VAE's weights.
    """
    return FIELDS.load(name, "cpu", directory)


def _posteriors(vae: Variational, data: Images, quiet: bool) -> Mixture:
    """The posteriors of pictures."""

    def both(images: Tensor) -> Tensor:
        posterior = vae.encode(images)
        return torch.cat((posterior.mean, posterior.stddev), dim=1)

    means, stds = in_batches(both, data.images, title="posteriors", quiet=quiet).double().chunk(2, dim=1)
    return Mixture(means, stds, data.labels)


def _draw_codes(posteriors: Mixture) -> Tensor:
    """One draw from each posterior, always the same, (N, D)."""
    noise = torch.randn(posteriors.means.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return posteriors.means + posteriors.stds * noise


def _whole_mixture_metrics(posteriors: Mixture, vae: Variational, held_out: Images, quiet: bool) -> list[Metric]:
    """What the aggregate posterior of all training pictures knows of the codes of others."""
    codes = _draw_codes(_posteriors(vae, held_out, quiet))
    what = f"posteriors of all {len(posteriors.means):,} training images"
    count = f"mean over one draw from the posterior of each of {len(codes):,} held-out images"
    any_class, given = posteriors.log_prob(codes), _by_class(posteriors, codes, held_out.labels)
    return [
        _nats("aggregate_posterior", any_class, f"under the mixture of the {what}, {count}"),
        _nats("aggregate_posterior_given_class", given, f"under those of the image's class among the {what}, {count}"),
    ]


def _by_class(mixture: Mixture, codes: Tensor, labels: Tensor) -> Tensor:
    """Log p of codes under the components of their own class, (N,)."""
    values = torch.full((len(codes),), torch.nan, dtype=torch.float64)
    for label in labels.unique().tolist():
        own = labels == label
        if bool((mixture.labels == label).any()):
            values[own] = mixture.given(label).log_prob(codes[own])
    return values


def _nats(name: str, values: Tensor, protocol: str) -> Metric:
    """A figure in nats per code."""
    return Metric(f"{name}_nats", float(values.double().mean()), "nats", protocol)


def to_tensors(study: FieldStudy) -> dict[str, Tensor]:
    """The tensors of the file."""
    own: Mapping[str, Tensor] = study.flow.state_dict()
    return {
        "means": study.mixture.means.float(),
        "stds": study.mixture.stds.float(),
        "labels": study.mixture.labels.to(torch.uint8 if len(study.class_names) <= 256 else torch.int32),
        **{f"flow.{name}": value for name, value in own.items()},
    }
