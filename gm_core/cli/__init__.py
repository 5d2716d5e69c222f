"""The shell: ``python -m gm_core``, one file per command; :mod:`gm_core.cli.app` collects them."""

from gm_core.cli.app import main

__all__ = ["main"]
