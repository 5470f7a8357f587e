"""The parts of the page Train a model; its network and its screen are in the files of JavaScript."""
