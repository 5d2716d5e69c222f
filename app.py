"""Start the app: ``python app.py``. Also what a Hugging Face Space runs."""

import argparse
import gc
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import NoReturn

COMPILE_AFTER = 4.0
"""Seconds until the kernels are compiled, which keeps a core busy: by then the page and its first drawing are there."""

ALONE: Mapping[str, str | None] = {"no_proxy": "*", "SSL_CERT_FILE": None, "SSL_CERT_DIR": None}
"""For Gradio, which asks itself at the start whether it can be reached: no proxy can know, and a proxy or a certificate
that is not understood would end it, even while it is imported."""


def port(text: str) -> int:
    """A number that a port can have."""
    number = int(text)
    if not 0 < number < 65536:
        raise ValueError
    return number


def main() -> None:
    """Read the command line, build the app, serve it until interrupted."""
    name = os.environ.get("GRADIO_SERVER_NAME") or ("0.0.0.0" if os.environ.get("SPACE_ID") else "127.0.0.1")
    parser = argparse.ArgumentParser(description="Generative image models, live in the browser.")
    parser.add_argument("--host", default=name, help="an address of this machine; else $GRADIO_SERVER_NAME")
    parser.add_argument(
        "--port", type=port, help="the first free one from $GRADIO_SERVER_PORT, else from 7860, when left out"
    )
    parser.add_argument("--share", action="store_true", help="also make a public link, through Gradio's servers")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    parser.add_argument("--inbrowser", action="store_true", help="open a browser")
    args = parser.parse_args()
    try:
        args.first_port = port(os.environ.get("GRADIO_SERVER_PORT") or "7860")
    except ValueError:
        parser.error("the environment's GRADIO_SERVER_PORT must be a number from 1 to 65535")
    signal.signal(signal.SIGTERM, _terminate)
    status: object = 0
    try:
        with temporary_folder():
            serve(args)
    except KeyboardInterrupt:
        status = 130
    except SystemExit as end:
        status = end.code
    if isinstance(status, str):
        print(status, file=sys.stderr)
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, OSError, ValueError):  # it may be closed, or not be there
            stream.flush()
    # Not sys.exit: drawings that still run in threads would be torn out of the interpreter, and it would abort.
    os._exit(status if isinstance(status, int) else 1)


def _terminate(*_: object) -> NoReturn:
    sys.exit(143)


@contextmanager
def temporary_folder() -> Iterator[None]:
    """Let Gradio keep uploads in a folder of ours: its own is the same for all users, and belongs to the first."""
    try:
        if chosen := os.environ.get("GRADIO_TEMP_DIR"):
            Path(chosen).mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=chosen).close()  # whether it can be written
            folder: AbstractContextManager[str] = nullcontext(chosen)
        else:
            folder = tempfile.TemporaryDirectory(prefix="gm-lab-", ignore_cleanup_errors=True)
    except OSError as error:
        sys.exit(f"error: no folder for uploads ({error}); set GRADIO_TEMP_DIR and TMPDIR to one that can be written")
    with folder as path:
        os.environ["GRADIO_TEMP_DIR"] = path
        yield


@contextmanager
def environment(settings: Mapping[str, str | None]) -> Iterator[None]:
    """Other settings of the environment for a while.

    Args:
        settings: Each variable's value; ``None`` takes it away.
    """
    before = {name: os.environ.get(name) for name in settings}
    try:
        _set(settings)
        yield
    finally:
        _set(before)


def _set(settings: Mapping[str, str | None]) -> None:
    for name, value in settings.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def serve(args: argparse.Namespace) -> None:
    """Build the app and serve it."""
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    for name in ("GRADIO_SERVER_NAME", "GRADIO_SERVER_PORT", "GRADIO_NUM_PORTS"):
        os.environ.pop(name, None)  # what they say is in the arguments; Gradio understands less of it
    # A quarter of the start would go into looking for garbage among the modules that these imports load.
    gc.disable()
    import httpx
    import torch

    with environment(ALONE):
        from gradio.tunneling import CURRENT_TUNNELS

        from demo import create_app, launch_options
        from demo.base.address import listening_place
        from demo.base.logs import BoundedLog
    from gm_core import CheckpointError, warm_up
    from gm_core.device import DeviceError

    if sys.stderr:
        sys.stderr = BoundedLog(sys.stderr)
    # The models are small and the visitors several: one thread per visitor serves all of them sooner than many.
    torch.set_num_threads(1)
    later = threading.Timer(COMPILE_AFTER, warm_up)
    later.daemon = True
    later.start()
    try:
        host, free = listening_place(args.host, args.port, args.first_port)
        app = create_app(args.device)
        gc.freeze()  # what is there now stays, so no later collection has to look through it
        gc.enable()
        # A public link is made through the internet, where a proxy may be needed.
        past = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
        with environment({"no_proxy": f"{past},{host.strip('[]')},localhost"} if args.share else ALONE):
            app.launch(
                server_name=host,
                server_port=free,
                share=args.share,
                inbrowser=args.inbrowser,
                prevent_thread_lock=True,
                ssl_verify=False,  # of its own address, which has no certificate
                **launch_options(),
            )
    except (CheckpointError, DeviceError, OSError) as error:
        sys.exit(f"error: {error}")
    except (ImportError, ValueError, httpx.HTTPError, httpx.InvalidURL) as error:
        sys.exit(
            f"error: the app cannot reach itself at {host} ({error}); "
            "add that host to no_proxy, unset the proxies of the environment, or set another --host"
        )
    try:
        threading.Event().wait()
    finally:
        for tunnel in CURRENT_TUNNELS:
            tunnel.kill()


if __name__ == "__main__":
    main()
