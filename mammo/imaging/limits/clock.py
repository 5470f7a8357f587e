"""The clock of the app's decoder, for kinds of files that honestly take longer than others."""

import signal


def allow_more_time(seconds: float) -> None:
    """Give this process so many more seconds of the processor, where a clock limits them."""
    if hasattr(signal, "setitimer"):
        left, _ = signal.getitimer(signal.ITIMER_PROF)
        if left:
            signal.setitimer(signal.ITIMER_PROF, left + seconds)
