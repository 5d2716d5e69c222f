"""Data sets, and pictures from elsewhere."""
