"""What can be asked about pictures, by capability."""

from collections.abc import Callable

from gm_core.models import Model
from gm_core.models.capabilities import Bounded, Classifies, Density, Estimated, Inverts, Latent, Variational
from tests.helpers import seeded

READS: dict[type, tuple[Callable, ...]] = {
    Density: (lambda model, images, labels=None: model.log_prob(images, labels),),
    Bounded: (lambda model, images, labels=None: model.bound(images, labels, generator=seeded()).value,),
    Estimated: (
        lambda model, images, labels=None: model.estimate(images, labels, samples=3, generator=seeded()).value,
    ),
    Inverts: (lambda model, images: [frame.images for frame in model.to_noise(images, generator=seeded())][-1],),
    Latent: (lambda model, images: model.code(images), lambda model, images: model.render(model.code(images))),
    Variational: (
        lambda model, images: model.encode(images).stddev,
        lambda model, images: model.log_weights(images, 3, seeded()),
    ),
    Classifies: (lambda model, images: model.posterior(images).probs,),
}
"""What each capability makes of pictures."""


def readings(model: Model) -> list[Callable]:
    return [read for capability, reads in READS.items() if isinstance(model, capability) for read in reads]
