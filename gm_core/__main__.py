"""``python -m gm_core``."""

from gm_core.cli import main

main()
