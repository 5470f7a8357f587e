"""The parts of the page Reading room: choose a round, read it, see the score, merge a class."""
