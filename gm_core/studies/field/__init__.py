r"""The field: how points flow from a standard normal to where the codes of pictures lie, in a plane.

A VAE's codes are not quite the standard normal that its prior says: each picture has its own posterior, and their
mixture, the *aggregate posterior* [1], has a shape of its own. Here three fields of velocities lead from the one to the
other:

- *straight* and *diffusion* are exact: what flow matching and the probability flow of a diffusion would be if they were
  learned without any error from a number of training pictures (:mod:`~gm_core.studies.field.mixture`). They know these
  by heart, and nothing else.
- *learned* is FFJORD (:mod:`gm_core.models.flow.ffjord`), trained by maximum likelihood on the codes of all training
  pictures. It has to generalise, and does.

In a plane a field can be seen, a density can be summed up over all of it, and the trace is the sum of two derivatives.

1. Hoffman and Johnson (2016), "ELBO surgery: yet another way to carve up the variational evidence lower bound".
   http://approximateinference.org/accepted/HoffmanJohnson2016.pdf
"""

from gm_core.studies.field.fields import KINDS, FieldStudy, PlaneField, follow_density
from gm_core.studies.field.mixture import ExactField, Mixture
from gm_core.studies.field.study import FIELDS, load_field, make_field

__all__ = [
    "FIELDS",
    "KINDS",
    "ExactField",
    "FieldStudy",
    "Mixture",
    "PlaneField",
    "follow_density",
    "load_field",
    "make_field",
]
