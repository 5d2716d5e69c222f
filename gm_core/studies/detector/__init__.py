"""Is a picture reasonable under a model? Scores, conformal p-values, and the detector that joins them."""

from gm_core.studies.detector.conformal import two_sided_p_value
from gm_core.studies.detector.density import NeighbourDensity
from gm_core.studies.detector.detector import Detector, Verdict
from gm_core.studies.detector.family import load_detector
from gm_core.studies.detector.scores import SCORES, Evidence

__all__ = ["SCORES", "Detector", "Evidence", "NeighbourDensity", "Verdict", "load_detector", "two_sided_p_value"]
