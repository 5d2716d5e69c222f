"""Bayes' rule: a class-conditional density as a classifier, beside one that was trained to be one."""
