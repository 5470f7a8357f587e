"""The model comparison page in parts: which model is better, at which threshold, and for whom.

`pages/2_Model_comparison.py` calls the sections (`headline`, `curves`, `thresholds`, `cases`,
`disagreement`, `subgroups`). Numbers come from `mammo.evaluation`, once a unit (`study`, kept by
`loading`); figures are plain plotly; what the page is set to stands in its link (`link`).
"""
