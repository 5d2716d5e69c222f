"""The compiled sampler's arithmetic."""

import gc
import weakref

import numpy as np
import pytest
import torch
from numba import njit

from gm_core import ResidualPixelCNN, ResidualPixelCNNConfig, rebuild, warm_up
from gm_core.models import ImageShape
from gm_core.models.autoregressive.sampling.compiled import samplers as compiled
from gm_core.models.autoregressive.sampling.compiled.kernels import LANES, add_products, exp
from gm_core.models.autoregressive.sampling.compiled.packing import packed_residual


@njit
def _exp_of_all(x, out):
    for i in range(len(x)):
        out[i] = exp(x[i])


def test_exp_is_as_exact_as_float32_allows():
    x = np.linspace(-87, 88, 200_001, dtype=np.float32)
    out = np.empty_like(x)
    _exp_of_all(x, out)
    exact = np.exp(x.astype(np.float64))
    assert np.max(np.abs(out - exact) / np.spacing(exact.astype(np.float32))) < 1.5
    _exp_of_all(np.array([0, -87.1, -1000, -np.inf], np.float32), out)
    assert out[:4].tolist() == [1, 0, 0, 0]


@pytest.mark.parametrize("rows", [1, 2, 3, 4, 5, 6, 11])
@pytest.mark.parametrize("inputs", [1, 7, 64])
@pytest.mark.parametrize("vectors", [1, 3, 4, 9])
def test_products_of_any_size(rows, inputs, vectors):
    generator = torch.Generator().manual_seed(0)
    x, weight, before = (
        torch.randn(*shape, generator=generator).numpy()
        for shape in ((rows, inputs), (inputs, vectors * LANES), (rows, vectors * LANES))
    )
    out = before.copy()
    add_products(x, weight, out)
    np.testing.assert_allclose(out, before + x @ weight, rtol=1e-4, atol=1e-4)
    for row in range(rows):  # to the bit, whatever else is computed with it
        alone = before[row : row + 1].copy()
        add_products(x[row : row + 1], weight, alone)
        np.testing.assert_array_equal(alone[0], out[row])


def test_rows_of_a_product_may_overlap():
    pixels, weight = np.arange(16, dtype=np.float32).reshape(8, 2), np.ones((6, LANES), np.float32)
    out = np.zeros((6, LANES), np.float32)
    add_products(pixels, weight, out)  # windows of three pixels, two numbers each
    np.testing.assert_array_equal(out[:, 0], [pixels[i : i + 3].sum() for i in range(6)])


def small(**changes) -> ResidualPixelCNN:
    torch.manual_seed(0)
    shape = {"image": ImageShape(height=5, width=4), "classes": 2, "vertical": 4, "horizontal": 6, "blocks": 2}
    return ResidualPixelCNN(ResidualPixelCNNConfig(**shape, **changes)).eval()


def test_changed_weights_are_packed_anew():
    assert warm_up()
    model = small()
    before = packed_residual(model)
    assert packed_residual(model) is before
    with torch.no_grad():
        model.features.embedding.weight.add_(1)
        model.stacks.blocks[1].up_vertical.bias.add_(1)
    changed = packed_residual(model)
    assert changed is not before
    model.stacks.head = torch.nn.Conv2d(10, 10, 1).requires_grad_(False)
    assert packed_residual(model) is not changed
    drawn = [
        rebuild(model.stream(2, generator=torch.Generator().manual_seed(1), naive=naive), 5, 4)[0]
        for naive in (False, True)
    ]
    assert torch.equal(*drawn)


@pytest.mark.parametrize("part", ["palette", "stretch"])
def test_so_are_those_of_a_palette_and_of_stretches(part):
    assert warm_up()
    model = small(palette=True, stretch=True)
    before = packed_residual(model)
    assert packed_residual(model) is before
    kept = model.get_submodule(part)
    setattr(model, part, None)
    without = packed_residual(model)
    assert without is not before
    setattr(model, part, kept)
    assert packed_residual(model) is not without
    with torch.no_grad():
        for parameter in model.get_submodule(part).parameters():
            parameter.add_(torch.linspace(-5, 5, len(parameter)).view(-1, *[1] * (parameter.ndim - 1)))
    drawn = [
        rebuild(model.stream(2, generator=torch.Generator().manual_seed(1), naive=naive), 5, 4)[0]
        for naive in (False, True)
    ]
    assert torch.equal(*drawn)


@pytest.mark.parametrize("parts", [{}, {"palette": True, "stretch": True}])
def test_the_packed_weights_of_a_model_go_with_it(parts):
    assert warm_up()
    model = small(**parts)
    model.sample(1)
    features, stacks = weakref.ref(model.features), weakref.ref(model.stacks)
    del model
    gc.collect()
    assert features() is None
    assert stacks() is None


def test_a_model_made_in_inference_mode_is_drawn_from():
    assert warm_up()
    with torch.inference_mode():
        model = small()
    assert model.sample(1).shape == (1, 1, 5, 4)


def test_a_stream_left_early_leaves_no_thread_working(monkeypatch):
    assert warm_up()
    calls, done, real = [], [], compiled.draw

    def counted(*arguments):
        calls.append(1)
        real(*arguments)
        done.append(1)

    monkeypatch.setattr(compiled, "draw", counted)
    torch.set_num_threads(3)
    try:
        stream = small().stream(6, chunk=4)
        next(stream)
        stream.close()
    finally:
        torch.set_num_threads(1)
    assert len(calls) == len(done) > 0
