"""Numbers in words."""

from demo.base.words import percent


def test_no_probability_is_rounded_to_certainty() -> None:
    assert [percent(p) for p in (1.0, 0.9996, 0.5, 0.0)] == ["over 99.9 %", "over 99.9 %", "50.0 %", "under 0.1 %"]
