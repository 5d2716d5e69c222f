"""``python -m gm_core``."""

from gm_core.cli.app import main

main()
