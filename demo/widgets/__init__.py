"""Own browser components over gr.HTML."""
