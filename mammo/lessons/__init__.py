"""Lessons that need a training of their own: `python -m mammo.lessons leak --data DIR`."""
