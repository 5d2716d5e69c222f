"""Distributions over the discrete levels of pixels.

:mod:`~gm_core.distributions.logistic` has discretised logistics and mixtures of them, for one value;
:mod:`~gm_core.distributions.channels` mixtures over the channels of a pixel, and over the pixels of a picture.

They are torch distributions with two things added that torch's have not: draws from a generator of one's own, and tails
that stay exact where a level's probability is a difference of two numbers that are nearly equal.
"""
