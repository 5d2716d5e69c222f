"""Paths between two codes."""

import pytest
import torch

from gm_core import interpolate
from gm_core.models.latents import norm_p_values


@pytest.mark.parametrize("spherical", [False, True])
def test_interpolation_starts_and_ends_where_it_should(spherical):
    a, b = torch.tensor([1.0, 0.0, 2.0]), torch.tensor([0.0, 3.0, -1.0])
    path = interpolate(a, b, 7, spherical=spherical)
    torch.testing.assert_close(path[0], a)
    torch.testing.assert_close(path[-1], b)
    lengths = path.norm(dim=1)
    if spherical:
        steady = torch.linspace(float(a.norm()), float(b.norm()), 7)
        torch.testing.assert_close(lengths, steady)
    else:
        torch.testing.assert_close(path[3], (a + b) / 2)


def test_interpolation_survives_ends_without_a_plane():
    zero, one = torch.zeros(2), torch.tensor([1.0, 0.0])
    for end in (zero, one, -one):
        assert torch.isfinite(interpolate(one, end, 5, spherical=True)).all()
    with pytest.raises(ValueError, match="at least 2"):
        interpolate(one, zero, 1)


def test_the_p_value_of_a_squared_norm_is_that_of_the_chi_square_distribution() -> None:
    two = torch.tensor([[1.0, 0.0], [2.0, 1.0], [0.1, 0.0]]).double()  # of 2 dimensions: exp(-|z|²/2) lie farther out
    above = torch.exp(-two.square().sum(dim=1) / 2)
    torch.testing.assert_close(norm_p_values(two.float()), 2 * torch.minimum(above, 1 - above), rtol=1e-6, atol=0)
    draws = torch.randn(4000, 1, 7, 7, generator=torch.Generator().manual_seed(0))
    found = norm_p_values(draws)
    for share in (0.05, 0.5, 0.9):  # of draws p-values are uniform
        assert float((found < share).double().mean()) == pytest.approx(
            share, abs=4 * (share * (1 - share) / 4000) ** 0.5
        )
    far = norm_p_values(torch.full((1, 784), 2.0))
    assert 0 < float(far) < 1e-100
