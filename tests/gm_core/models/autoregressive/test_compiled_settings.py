"""The compiled sampler draws the same pictures whatever torch's settings, of a model that is shipped."""

import numpy as np
import pytest
import torch
from numba.core.errors import TypingError

import gm_core
from gm_core.checkpoints import checkpoint_dir
from gm_core.models.autoregressive.sampling.compiled.kernels import LANES, add_products
from gm_core.models.autoregressive.sampling.compiled.samplers import compile_kernels
from tests.contract.settings import SETTINGS
from tests.helpers import seeded

NAME = "mnist-pixelcnn"


@pytest.fixture(scope="module")
def expected() -> torch.Tensor:
    assert gm_core.warm_up()
    return gm_core.load(NAME, "cpu").sample(3, torch.tensor([3, -1, 7]), generator=seeded())


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
def test_every_setting_gives_the_same_pictures(setting, expected, tmp_path):
    labels = torch.tensor([3, -1, 7])
    (tmp_path / "checkpoints").symlink_to(checkpoint_dir())  # so that it is loaded and packed anew
    with setting():
        compile_kernels()
        model = gm_core.load(NAME, "cpu", tmp_path / "checkpoints")
        assert torch.equal(model.sample(3, labels, generator=seeded()), expected)
        assert torch.equal(gm_core.load(NAME, "cpu").sample(3, labels, generator=seeded()), expected)


@pytest.mark.parametrize("threads", [2, 3])
def test_any_number_of_threads_gives_the_same_pictures(threads, expected):
    torch.set_num_threads(threads)
    try:
        drawn = gm_core.load(NAME, "cpu").sample(3, torch.tensor([3, -1, 7]), generator=seeded())
    finally:
        torch.set_num_threads(1)
    assert torch.equal(drawn, expected)


def test_a_picture_in_a_batch_is_the_one_drawn_alone(expected):
    model, noise = gm_core.load(NAME, "cpu"), gm_core.draw_noise(3, 28, 28, seeded())
    for i, label in enumerate((3, -1, 7)):
        events = model.stream(1, torch.tensor([label]), noise=noise[i : i + 1], chunk=28)
        assert torch.equal(gm_core.rebuild(events, 28, 28)[0], expected[i : i + 1])


@pytest.mark.parametrize("dtype", [np.float64, np.float16, np.int32, ">f4"])
def test_kernels_take_no_other_numbers_than_they_read(dtype):
    x, weight, out = np.ones((2, 3)), np.ones((3, LANES)), np.zeros((2, LANES))
    with pytest.raises((TypingError, NotImplementedError, ValueError)):
        add_products(*(part.astype(dtype) for part in (x, weight, out)))
