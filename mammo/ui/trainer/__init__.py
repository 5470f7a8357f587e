"""The parts of the page Train a model, in Python and, for the browser, in JavaScript."""
