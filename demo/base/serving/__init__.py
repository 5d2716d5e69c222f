"""How the app serves many visitors at once: what an upload may cost, whose turn it is, and what is remembered of whom.

Gradio's own hooks do not reach far enough for some of it: all that is used here of its inside is in this folder, and
``tests/demo/base/serving`` fails when Gradio changes it.
"""
