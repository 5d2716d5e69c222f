"""Start the app: ``python app.py``. Also what a Hugging Face Space runs."""

import argparse
import gc
import os
import sys
import threading

COMPILE_AFTER = 4.0
"""Seconds until the kernels are compiled, which keeps a core busy: by then the page and its first drawing are there."""


def port(text: str) -> int:
    """A number that a port can have."""
    number = int(text)
    if not 0 < number < 65536:
        raise ValueError
    return number


def main() -> None:
    """Read the command line, build the app, serve it until interrupted."""
    parser = argparse.ArgumentParser(description="Generative image models, live in the browser.")
    parser.add_argument("--host", default="0.0.0.0" if os.environ.get("SPACE_ID") else "127.0.0.1")
    parser.add_argument("--port", type=port, default=None, help="the first free one from 7860 when left out")
    parser.add_argument("--share", action="store_true", help="also make a public link, through Gradio's servers")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    parser.add_argument("--inbrowser", action="store_true", help="open a browser")
    try:
        serve(parser.parse_args())
    except KeyboardInterrupt:
        sys.exit(130)


def serve(args: argparse.Namespace) -> None:
    """Build the app and serve it."""
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    # A quarter of the start would go into looking for garbage among the modules that these imports load.
    gc.disable()
    import torch

    from demo import create_app, launch_options
    from gm_core import CheckpointError, warm_up
    from gm_core.device import DeviceError

    # The models are small and the visitors several: one thread per visitor serves all of them sooner than many.
    torch.set_num_threads(1)
    later = threading.Timer(COMPILE_AFTER, warm_up)
    later.daemon = True
    later.start()
    try:
        app = create_app(args.device)
        gc.freeze()  # what is there now stays, so no later collection has to look through it
        gc.enable()
        app.launch(
            server_name=args.host,
            server_port=args.port,
            share=args.share,
            inbrowser=args.inbrowser,
            **launch_options(),
        )
    except (CheckpointError, DeviceError, OSError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
