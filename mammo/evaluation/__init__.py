"""How good the models are and where they fail: figures with intervals, from plain arrays.

Arrays in, floats and frozen dataclasses out, no plots; nothing heavier than numpy is loaded until a
table is made. `evaluate` gives the whole `Evaluation`, which keeps its cases, their resamples and
their curves; `mammo.evaluation.tables` lays each of its tables out once.
Rules that hold throughout:

- Labels are 0 (benign) and 1 (malignant); a case is flagged where its p >= threshold.
- A figure that the cases leave undefined (0 / 0: one class only, nothing flagged) is NaN. Input
  that cannot be evaluated (empty, NaN scores, other labels, p outside 0..1) is a `MammoError`.
- Intervals resample patients, not crops: two views of one lesion are not two witnesses.
- A unit is a crop, a lesion (its views averaged in logits) or a patient (her highest lesion).

    python -m mammo.evaluate --unit lesion
"""

from mammo.evaluation.bootstrap import RESAMPLES, SEED, PatientBootstrap, wilson
from mammo.evaluation.build import evaluate, headline_metrics
from mammo.evaluation.calibration import choose_calibration, expected_calibration_error
from mammo.evaluation.curves import roc_curve
from mammo.evaluation.delong import McNemar, mcnemar, paired_delong
from mammo.evaluation.evaluation import Evaluation, RadiologistEvaluation, SplitEvaluation
from mammo.evaluation.multireader import (
    RANDOM_PATIENTS,
    RANDOM_READERS,
    RandomReaders,
    random_readers,
    readers_minus,
)
from mammo.evaluation.operating import (
    OperatingPoint,
    named_thresholds,
    operating_point,
    point_of_flags,
)
from mammo.evaluation.ranking import auc, auc_interval, auc_statistic
from mammo.evaluation.subgroups import biopsy, suspicion
from mammo.evaluation.units import UNITS, EvaluatedModel, Unit, group_units
