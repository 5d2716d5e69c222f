r"""Classifiers: the class of a picture, and nothing about the picture.

A classifier learns :math:`p(y \mid x)` alone. Its probabilities sum to 1 over the classes for *every* x, so it must
name a class whatever it is shown: it cannot refuse. A density p(x | y) can, and by Bayes' rule classifies too,
:math:`p(y \mid x) = p(x \mid y) \, p(y) / p(x)`. Having both side by side is why a classifier is here.

Exact: p(y | x), of the model. None: p(x).

1. Ng and Jordan (2002), "On Discriminative vs. Generative Classifiers".
2. Nguyen, Yosinski and Clune (2015), "Deep Neural Networks are Easily Fooled". https://arxiv.org/abs/1412.1897
"""

from gm_core.models.classifier.classifier import Classifier, ClassifierConfig

__all__ = ["Classifier", "ClassifierConfig"]
