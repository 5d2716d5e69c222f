"""The figure of a latent space: how well pictures are rebuilt from their codes."""

from torch import Tensor

from gm_core.checkpoints import Metric
from gm_core.data.datasets import Images
from gm_core.evaluation.batches import count_of, in_batches
from gm_core.models.capabilities import Latent


def measure(model: Latent, data: Images, quiet: bool) -> list[Metric]:
    """The error of rebuilding.

    Args:
        model: The model.
        data: Images that it was not trained on.
        quiet: No progress bars.
    """

    def squared_errors(batch: Tensor) -> Tensor:
        rebuilt = model.expected(model.code(batch))
        return (rebuilt - batch.to(rebuilt)).flatten(1).square().mean(dim=1)

    error = in_batches(squared_errors, data.pictures(), title="reconstruction", quiet=quiet).double().mean().sqrt()
    shape = model.config.image
    protocol = f"root mean square over the pixels of {count_of(data)}, of {shape.levels} levels"
    return [Metric("reconstruction_error", float(error), "grey levels" if shape.channels == 1 else "levels", protocol)]
