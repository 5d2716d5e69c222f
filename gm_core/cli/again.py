"""The command that a stopped program says to continue with: pasted, it does so."""

import shutil
import sys
from pathlib import Path

import typer

from gm_core.text import shell_word
from gm_core.training.processes import count_on_machine


def command_again(context: typer.Context, *, without: set[str], also: list[str]) -> str:
    """The command that was given, with every argument and option of it.

    Args:
        context: The command's.
        without: Names of parameters that are left out.
        also: What is added.

    Returns:
        A line for a shell.
    """
    words = [*program(), str(context.info_name)]
    for parameter in context.command.params:
        name = str(parameter.name)
        source = context.get_parameter_source(name)
        if name in without or source is None or source.name != "COMMANDLINE":
            continue
        value = context.params[name]
        if parameter.param_type_name == "argument":
            words.append(str(value))
        elif isinstance(value, bool):
            words.append(parameter.opts[0])
        else:
            words += [parameter.opts[0], str(value)]
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return " ".join(shell_word(word, encoding) for word in [*words, *also])


def program() -> list[str]:
    """How the program was started, up to its first argument."""
    if (count := count_on_machine()) > 1:
        return ["torchrun", "--standalone", "--nproc-per-node", str(count), "-m", "gm_core"]
    script = Path(sys.argv[0])
    found = shutil.which(script.name)
    if found and script.exists() and script.samefile(found):  # an installed command, as gm-core
        return [script.name]
    return sys.orig_argv[: len(sys.orig_argv) - len(sys.argv) + 1]
