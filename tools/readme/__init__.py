"""Documents whose figures a command writes: README.md and pages of docs/.

A part that a command writes stands between `<!-- NAME: begin ... -->` and `<!-- NAME: end -->`.
"""
