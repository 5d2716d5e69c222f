"""Start the app: ``python app.py``. Also what a Hugging Face Space runs."""

import argparse
import os

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

from demo import create_app, launch_options


def main() -> None:
    """Read the command line, build the app, serve it until interrupted."""
    parser = argparse.ArgumentParser(description="Generative image models, live in the browser.")
    parser.add_argument("--host", default="0.0.0.0" if os.environ.get("SPACE_ID") else "127.0.0.1")
    parser.add_argument("--port", type=int, default=None, help="first free port from 7860 when left out")
    parser.add_argument("--share", action="store_true", help="also make a public link, through Gradio's servers")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    parser.add_argument("--inbrowser", action="store_true", help="open a browser")
    args = parser.parse_args()
    create_app(args.device).launch(
        server_name=args.host,
        server_port=args.port,
        share=args.share,
        inbrowser=args.inbrowser,
        **launch_options(),
    )


if __name__ == "__main__":
    main()
