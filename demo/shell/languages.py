"""Stub."""


def table() -> dict[str, str]:
    return {}
