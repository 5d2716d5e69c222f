"""``python -m gm_core``."""

from gm_core.cli.commands import main

main()
