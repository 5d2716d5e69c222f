"""Stub."""


def glossary_json() -> dict[str, str]:
    return {}
