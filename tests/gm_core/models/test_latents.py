"""Paths between two codes."""

import pytest
import torch

from gm_core import interpolate


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
