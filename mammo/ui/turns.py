"""Turns: of a class that asks at the same moment, the first need not wait for the last.

Python runs one thread at a time, and changes between those of all visitors: thirty answers that are
made side by side are all ready at the end only. With a turn for each, half are ready by half time,
and the last no later.
"""

import os
import threading

TURNS = threading.BoundedSemaphore((os.cpu_count() or 1) + 1)
"""Hold one while making one lesion's answer, a tenth of a second or two, and nothing longer.

One more than there are cores: one visitor's result is drawn while the networks of others run.
"""
