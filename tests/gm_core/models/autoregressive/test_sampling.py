"""The cached sampler is the naive one, faster; events are the picture."""

import math
import sys
import threading

import pytest
import torch

from gm_core import (
    GatedPixelCNN,
    GatedPixelCNNConfig,
    ResidualPixelCNN,
    ResidualPixelCNNConfig,
    rebuild,
    warm_up,
)
from gm_core.models.autoregressive.sampling import select
from gm_core.models.autoregressive.sampling.stream import inverse_cdf
from tests.helpers import flat


@pytest.fixture(autouse=True)
def each_engine(engine):
    """Every test with the plain cached sampler and with the compiled one."""


def gated(**changes) -> GatedPixelCNN:
    torch.manual_seed(0)
    config = flat(GatedPixelCNNConfig, **{"height": 6, "width": 7, "classes": 3, "channels": 8, "layers": 4, **changes})
    return GatedPixelCNN(config).eval().requires_grad_(False)


def residual(channels=8, layers=3, dilations=None, **changes) -> ResidualPixelCNN:
    """As wide and deep, with a palette and stretches that matter; ``dilations`` it has none."""
    torch.manual_seed(0)
    shape = {"height": 6, "width": 7, "classes": 3, "vertical": 2 * channels, "horizontal": 4 * channels, **changes}
    model = ResidualPixelCNN(
        flat(ResidualPixelCNNConfig, blocks=layers, kernel_size=5, palette=True, stretch=True, **shape)
    )
    for parameter in (*model.palette.parameters(), *model.stretch.parameters()):
        torch.nn.init.normal_(parameter)
    return model.eval().requires_grad_(False)


@pytest.fixture(params=[gated, residual])
def small(request):
    """What makes a small model."""
    return request.param


def draw(model, n=2, seed=5, **options):
    return list(model.stream(n, generator=torch.Generator().manual_seed(seed), **options))


@pytest.mark.parametrize(
    ("changes", "options"),
    [
        ({}, {}),
        ({"dilations": (1, 2, 3)}, {"labels": torch.tensor([2, -1])}),
        ({"height": 1, "width": 9}, {"temperature": 0.5}),
        ({"height": 9, "width": 1, "layers": 2}, {"temperature": 1.7, "chunk": 4}),
        ({"embedding": 0}, {"n": 5, "chunk": 100}),
        ({"channels": 7, "width": 8}, {"n": 3, "chunk": 3, "labels": torch.tensor([0, 1, 2])}),
    ],
)
def test_cached_equals_naive_pixel_for_pixel(small, changes, options):
    model = small(**changes)
    size = (model.config.image.height, model.config.image.width)
    cached, cached_log_prob = rebuild(draw(model, **options), *size)
    naive, naive_log_prob = rebuild(draw(model, naive=True, **options), *size)
    assert torch.equal(cached, naive)
    torch.testing.assert_close(cached_log_prob, naive_log_prob, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("n", [1, 2, 3, 16, 17, 256])
def test_any_batch_equals_naive(small, n, engine):
    model = small(height=4, width=6, layers=2, channels=5)
    labels = torch.arange(n) % 4 - 1
    cached, log_prob = rebuild(draw(model, n, labels=labels, chunk=6), 4, 6)
    assert torch.equal(cached, rebuild(draw(model, n, labels=labels, naive=True, chunk=24), 4, 6)[0])
    alone, alone_log_prob = rebuild(draw(model, 1, labels=labels[:1], chunk=6), 4, 6)
    assert torch.equal(cached[:1], alone)
    if engine == "compiled" and type(model) in select._compiled:  # to the bit, whatever is drawn beside it
        assert torch.equal(log_prob[:1], alone_log_prob)


@pytest.mark.parametrize("size", [(1, 1), (3, 14), (13, 5)])
def test_pictures_of_any_size(small, size):
    model = small()
    cached, _ = rebuild(draw(model, size=size), *size)
    assert cached.shape == (2, 1, *size)
    assert torch.equal(cached, rebuild(draw(model, size=size, naive=True), *size)[0])
    assert torch.equal(cached, model.sample(2, generator=torch.Generator().manual_seed(5), size=size))


@pytest.mark.parametrize("changes", [{}, {"levels": 2}, {"levels": 37, "dilations": (1, 2)}])
@pytest.mark.parametrize("n", [1, 3, 6])
@pytest.mark.parametrize("chunk", [1, 5, 100])
def test_any_given_pixels_equal_naive(small, changes, n, chunk):
    model = small(**changes)
    generator = torch.Generator().manual_seed(8)
    start = torch.randint(model.config.image.levels, (n, 1, 7, 9), dtype=torch.uint8, generator=generator)
    keep = torch.rand(n, 1, 7, 9, generator=generator) < 0.6
    keep[:, :, 2] = True  # a row, and in another a stretch
    keep[:, :, 4, 1:6] = True
    options = {"start": start, "keep": keep, "temperature": 0.8}
    cached, log_prob = rebuild(draw(model, n, chunk=chunk, **options), 7, 9)
    naive, naive_log_prob = rebuild(draw(model, n, naive=True, chunk=63, **options), 7, 9)
    assert torch.equal(cached, naive)
    torch.testing.assert_close(log_prob, naive_log_prob, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("naive", [False, True])
def test_given_pixels_stay_and_the_rest_is_drawn(small, naive):
    model = small()
    generator = torch.Generator().manual_seed(6)
    start = torch.randint(256, (2, 1, 8, 5), dtype=torch.uint8, generator=generator)  # of another size than trained on
    keep = torch.rand(2, 1, 8, 5, generator=generator) < 0.5
    images, log_prob = rebuild(draw(model, start=start, keep=keep, naive=naive), 8, 5)
    assert torch.equal(images[keep], start[keep])
    assert not torch.equal(images[~keep], start[~keep])
    torch.testing.assert_close(log_prob.flatten(1).sum(1), model.log_prob(images), rtol=1e-4, atol=1e-3)
    everything, _ = rebuild(draw(model, start=start, naive=naive), 8, 5)
    assert torch.equal(everything, start)


def test_completion_is_the_same_cached_and_naive(small):
    model = small()
    start = torch.randint(256, (1, 1, 6, 7), dtype=torch.uint8, generator=torch.Generator().manual_seed(7))
    keep = torch.zeros_like(start, dtype=torch.bool)
    keep[:, :, :3] = True
    cached = rebuild(draw(model, n=3, start=start, keep=keep), 6, 7)[0]
    assert torch.equal(cached, rebuild(draw(model, n=3, start=start, keep=keep, naive=True), 6, 7)[0])
    assert torch.equal(cached[:, :, :3], start.expand(3, -1, -1, -1)[:, :, :3])
    assert not torch.equal(cached[0], cached[1])


def test_events_rebuild_the_log_likelihood_in_any_order_and_twice(small):
    model = small()
    labels = torch.tensor([1, -1])
    events = draw(model, labels=labels, chunk=5)
    images, log_prob = rebuild(events, 6, 7)
    torch.testing.assert_close(log_prob.flatten(1).sum(1), model.log_prob(images, labels), rtol=1e-5, atol=1e-3)
    torch.testing.assert_close(log_prob, model.pixel_log_prob(images, labels), rtol=1e-3, atol=1e-4)
    again, again_log_prob = rebuild([*reversed(events), events[3]], 6, 7)
    assert torch.equal(images, again)
    assert torch.equal(log_prob, again_log_prob)
    assert [event.index for event in events] == list(range(0, 42, 5))


def test_events_carry_the_distribution_the_value_was_drawn_from(small):
    model = small()
    events = draw(model, temperature=0.7)
    logits = torch.cat([event.logits for event in events], dim=1)
    images = rebuild(events, 6, 7)[0]
    expected = model.distribution(images).logits.permute(0, 2, 3, 1, 4).reshape(2, 42, 1, 256)
    torch.testing.assert_close(logits, expected, rtol=1e-4, atol=1e-4)
    assert {event.temperature for event in events} == {0.7}


def test_same_seed_same_picture_however_many_are_drawn_beside_it(small):
    model = small()
    one = rebuild(draw(model, n=1), 6, 7)[0]
    three = rebuild(draw(model, n=3), 6, 7)[0]
    assert torch.equal(one[0], three[0])
    assert not torch.equal(one, rebuild(draw(model, n=1, seed=6), 6, 7)[0])
    assert torch.equal(model.sample(3, generator=torch.Generator().manual_seed(5)), three)


def test_pictures_shared_out_over_threads_are_the_same(small):
    model = small()
    one_thread = draw(model, n=7, labels=torch.arange(7) % 3)
    torch.set_num_threads(3)
    try:
        three_threads = draw(model, n=7, labels=torch.arange(7) % 3)
    finally:
        torch.set_num_threads(1)
    assert torch.equal(rebuild(one_thread, 6, 7)[0], rebuild(three_threads, 6, 7)[0])


def test_sixteen_streams_at_once_all_get_on_and_draw_what_they_draw_alone(small):
    model = small()
    all_there, drawn = threading.Barrier(16, timeout=30), [[] for _ in range(16)]

    def session(seed):
        stream = model.stream(1, generator=torch.Generator().manual_seed(seed))
        drawn[seed].append(next(stream))
        all_there.wait()  # none is done before all have begun
        for event in stream:
            drawn[seed].append(event)

    threads = [threading.Thread(target=session, args=(seed,)) for seed in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed, events in enumerate(drawn):
        assert torch.equal(rebuild(events, 6, 7)[0], rebuild(draw(model, 1, seed), 6, 7)[0])


def test_draws_follow_the_distribution():
    logits = torch.log(torch.tensor([0.1, 0.2, 0.7]))
    uniform = torch.rand(20_000, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    counts = torch.bincount(inverse_cdf(logits.expand(20_000, 3), uniform, 1.0), minlength=3) / 20_000
    torch.testing.assert_close(counts, torch.tensor([0.1, 0.2, 0.7]), atol=0.01, rtol=0)
    sharp = torch.bincount(inverse_cdf(logits.expand(20_000, 3), uniform, 0.5), minlength=3) / 20_000
    torch.testing.assert_close(sharp, torch.tensor([0.01, 0.04, 0.49]) / 0.54, atol=0.01, rtol=0)


def test_impossible_levels_are_never_drawn():
    logits = torch.tensor([[-math.inf, 0.0, -math.inf]])
    ends = torch.tensor([0.0, 1 - 2**-53], dtype=torch.float64)
    assert inverse_cdf(logits.expand(2, 3), ends, 1.0).tolist() == [1, 1]


def test_without_numba_the_plain_sampler_draws(small, monkeypatch):
    monkeypatch.setattr(select, "_compiled", {})
    monkeypatch.setattr(select, "_works", True)
    monkeypatch.setitem(sys.modules, "gm_core.models.autoregressive.sampling.compiled.samplers", None)
    assert not warm_up()
    assert len(draw(small())) == 42


def test_a_stream_may_be_left_at_any_point(small):
    stream = small().stream(1)
    next(stream)
    stream.close()
    with pytest.raises(StopIteration):
        next(stream)


@pytest.mark.parametrize("temperature", [0, -1, math.nan, math.inf, 1e-9])
def test_nonsense_temperatures_are_refused(small, temperature):
    with pytest.raises(ValueError, match="temperature must be"):
        small().stream(1, temperature=temperature)


def test_the_compiled_sampler_draws_as_often_as_the_distribution_says(small):
    model = small(height=1, width=1, levels=5)
    drawn = torch.bincount(model.sample(20_000, generator=torch.Generator().manual_seed(0)).flatten().long()) / 20_000
    expected = model.distribution(torch.zeros(1, 1, 1, 1, dtype=torch.uint8)).probs.flatten()
    torch.testing.assert_close(drawn, expected, atol=0.012, rtol=0)


def test_nonsense_requests_are_refused(small):
    model, keep = small(), torch.ones(1, 1, 6, 7, dtype=torch.bool)
    with pytest.raises(ValueError, match="at least 1"):
        model.stream(0)
    with pytest.raises(ValueError, match="needs a start"):
        model.stream(1, keep=keep)
    with pytest.raises(ValueError, match="keep must be bool"):
        model.stream(1, start=torch.zeros(1, 1, 6, 7, dtype=torch.uint8), keep=keep[..., :3])
    with pytest.raises(ValueError, match="at least 1 pixel"):
        model.stream(1, chunk=0)
    with pytest.raises(ValueError, match="1 picture or 3"):
        model.stream(3, start=torch.zeros(2, 1, 6, 7, dtype=torch.uint8))
    with pytest.raises(ValueError, match="start is of 6x7 pixels, not 7x6"):
        model.stream(1, start=torch.zeros(1, 1, 6, 7, dtype=torch.uint8), size=(7, 6))
    with pytest.raises(ValueError, match="at least 1x1 pixels, not 5x0"):
        model.sample(1, size=(5, 0))
    with pytest.raises(ValueError, match="not list"):
        model.stream(1, labels=[1])
    with pytest.raises(ValueError, match="no event"):
        rebuild([], 6, 7)
