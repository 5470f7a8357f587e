"""The parts of the page Grad-CAM viewer: the case, its maps, the inside, and what changes it."""
