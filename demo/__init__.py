"""The Gradio app: one module per tab, own browser components in ``widgets``."""

from demo.app import create_app, launch_options

__all__ = ["create_app", "launch_options"]
