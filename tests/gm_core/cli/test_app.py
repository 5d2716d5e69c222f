"""All commands: what is named wrongly or missing is one clear message, and nothing needs the page."""

import ast
import inspect
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from gm_core.cli import app, options
from gm_core.cli.app import COMMANDS


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sample", "mnist-pixelcnn", "--temperature", "0"], "temperature must be"),
        (["sample", "mnist-pixelcnn", "--temperature", "nan"], "temperature must be"),
        (["sample", "mnist-pixelcnn", "--seed", "x"], "seed"),
        (["sample", "mnist-pixelcnn", "--label", "10"], "from 0 to 9"),
        (["sample", "mnist-pixelcnn", "-n", "0"], "-n"),
        (["sample", "mnist-vae", "--label", "1"], "knows no classes"),
        (["score", "x.png", "--alpha", "2"], "between 0 and 1"),
        (["score"], "PATH"),
        (["train", "nothing"], "there is no recipe"),
        (["paint"], "paint"),
        (["bench", "patience"], "there are: sampling, latency, training"),
        (["bench", "latency", "--model", "mnist-pixelcnn"], "has no latent space"),
        (["bench", "sampling", "--model", "mnist-vae"], "does not draw pixel by pixel"),
    ],
)
def test_usage_errors_exit_with_2(cli, arguments, message):
    code, out, err = cli(*arguments)
    assert code == 2
    assert message.lower() in " ".join(err.replace("│", " ").split()).lower()
    assert not out


@pytest.mark.parametrize(
    "arguments", [["sample", "mnist-oracle"], ["score", "x.png", "--model", "cats"], ["evaluate", "mnist-oracle"]]
)
def test_what_is_not_there_is_one_line_and_exit_1(cli, arguments):
    code, out, err = cli(*arguments)
    assert code == 1
    assert err.startswith("error: there is no checkpoint")
    assert len(err.splitlines()) == 1
    assert not out


def test_the_module_runs_without_gradio():
    program = (
        "import sys; sys.modules['gradio'] = None; sys.argv = ['gm_core', 'list', '--json'];"
        "import gm_core.cli.app; gm_core.cli.app.main()"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert json.loads(ended.stdout)
    assert ended.stderr == ""


def test_every_command_that_computes_takes_a_number_of_threads(cli, monkeypatch, untrained):
    assert {name for name, command in COMMANDS.items() if "threads" not in inspect.signature(command).parameters} == {
        "cards",
        "list",
    }
    used = []
    monkeypatch.setattr(torch, "set_num_threads", used.append)
    monkeypatch.setattr(options, "cpu_count", lambda processes: 12 // processes)
    for arguments, environment in (((), {}), (("--threads", 3), {}), ((), {"LOCAL_WORLD_SIZE": "2"})):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        cli("sample", "mnist-vae", "-n", 1, "--out", untrained / "x.png", "--device", "cpu", *arguments)
    assert used == [12, 3, 6]


def test_commands_print_through_the_one_printer():
    for path in Path(app.__file__).parent.glob("*.py"):
        calls = [node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        names = {call.id for call in calls if isinstance(call, ast.Name)}
        assert path.name == "printing.py" or "print" not in names, path.name


def test_a_picture_in_a_pipe_is_followed_by_no_words(untrained, tmp_path):
    command = [sys.executable, "-m", "gm_core", "sample", "mnist-vae", "-n", "1", "--device", "cpu"]
    environment = {**os.environ, "GM_CHECKPOINTS": str(untrained), "PYTHONIOENCODING": "ascii"}
    ended = subprocess.run([*command, "--out", "/dev/stdout"], capture_output=True, env=environment, check=True)
    assert ended.stdout.startswith(b"\x89PNG") and ended.stdout.endswith(b"IEND\xaeB`\x82")
    assert ended.stderr == b"1 pictures in /dev/stdout\n"


def test_an_interrupt_ends_the_program_at_once_with_130():
    """Also within code that takes every exception for one of its own, and beside a thread that goes on."""
    program = """
import os, signal, sys, threading, time
from gm_core.cli.app import _ending_at_once
signal.signal(signal.SIGINT, signal.default_int_handler)
threading.Thread(target=time.sleep, args=(60,)).start()
with _ending_at_once():
    print("so far")
    try:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(60)
    except BaseException:
        time.sleep(60)
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=50, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "so far\n", "")
