"""Documents whose figures a command writes: README.md, docs/MODEL_CARD.md; docs/experiments.md too.

A part that a command writes stands between `<!-- NAME: begin ... -->` and `<!-- NAME: end -->`.
"""
