"""Measuring models on images they have never seen."""
