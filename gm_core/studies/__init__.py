"""What is derived from models and data: atlases and fields of latent spaces, Bayes' rule, detectors, steps and quality.

All are saved and loaded by :mod:`gm_core.studies.store`; a family of studies registers itself there.
"""

from gm_core.studies.atlas.atlas import ATLASES
from gm_core.studies.bayes.study import BAYES
from gm_core.studies.detector.family import DETECTORS
from gm_core.studies.field.study import FIELDS
from gm_core.studies.pace import PACES
from gm_core.studies.store import STUDIES, Measurement, StudyFamily

__all__ = ["ATLASES", "BAYES", "DETECTORS", "FIELDS", "PACES", "STUDIES", "Measurement", "StudyFamily"]
