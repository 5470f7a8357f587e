"""The model comparison page in parts: which model is better, at which threshold, and for whom.

`pages/2_Model_comparison.py` calls the sections: `overview`, and `thresholds` with its `curves`.
They show the `SplitEvaluation` that `mammo.ui.kit.cases` keeps for each unit; tables come
from `mammo.evaluation.tables`, figures from `mammo.plots`.
"""
