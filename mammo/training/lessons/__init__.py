"""Lessons that need a training of their own: `python -m mammo.training.lessons leak --data DIR`."""
