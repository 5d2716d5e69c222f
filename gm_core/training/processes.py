"""Several processes that train one model, as started by ``torchrun``; usually there is just one."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor


def is_main() -> bool:
    """Whether this process writes the files and prints."""
    return int(os.environ.get("RANK", 0)) == 0


def count_on_machine() -> int:
    """How many of the processes share this machine."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", 1))


@dataclass(frozen=True)
class Processes:
    """The processes that share the work.

    Attributes:
        rank: Number of this process.
        count: Number of processes.
        device: Where this process computes.
    """

    rank: int
    count: int
    device: torch.device

    def agree(self, stop: bool) -> bool:
        """Whether any process wants to stop: all must take the same number of steps."""
        if self.count == 1:
            return stop
        wish = torch.tensor([float(stop)], device=self.device)
        dist.all_reduce(wish, dist.ReduceOp.MAX)
        return bool(wish.item())

    def average(self, gradients: list[Tensor]) -> None:
        """Replace gradients, the same ones in every process, by their means over all processes."""
        if self.count == 1 or not gradients:
            return
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        dist.all_reduce(flat)
        flat /= self.count
        sizes = [gradient.numel() for gradient in gradients]
        for gradient, mean in zip(gradients, flat.split(sizes), strict=True):
            gradient.copy_(mean.view(gradient.shape))

    def share(self, tensors: list[Tensor]) -> None:
        """Replace tensors, as chains are, by those of the first process, which are the ones that are saved."""
        if self.count > 1:
            for tensor in tensors:
                value = tensor.contiguous()  # as it must be; those of images may be channels last
                dist.broadcast(value, 0)
                tensor.copy_(value)


@contextmanager
def join(device: torch.device) -> Iterator[Processes]:
    """Join the other processes, if there are any: over NCCL with a GPU each, else over Gloo.

    Args:
        device: Where to compute.

    Yields:
        The processes.
    """
    count = int(os.environ.get("WORLD_SIZE", 1))
    if count == 1:
        yield Processes(0, 1, device)
        return
    if device.type == "cuda":
        device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)))
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield Processes(dist.get_rank(), count, device)
        dist.barrier()  # who is done first would close connections that another still uses
    finally:
        dist.destroy_process_group()
