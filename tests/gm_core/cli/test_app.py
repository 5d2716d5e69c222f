"""All commands: what is named wrongly or missing is one clear message, and nothing needs the page."""

import json
import subprocess
import sys

import pytest


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
