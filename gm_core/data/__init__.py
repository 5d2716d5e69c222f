"""Data sets, and anybody's picture."""
