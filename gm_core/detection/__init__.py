"""Is a picture reasonable under a model? Scores, conformal calibration, and the detector that joins them."""

from gm_core.detection.conformal import conformal_p_value
from gm_core.detection.detector import Detector, Statistic, Verdict, load_detector
from gm_core.detection.typicality import Typicality

__all__ = ["Detector", "Statistic", "Typicality", "Verdict", "conformal_p_value", "load_detector"]
