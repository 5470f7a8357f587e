"""The clock of the app's decoder, for kinds of files that honestly take longer than others."""

import signal


def allow_more_time(seconds: float) -> None:
    """Give this process so many more seconds of the processor, where a clock limits them.

    Only the decoder's child process has such a clock, see `mammo.imaging.worker`.

    Parameters
    ----------
    seconds : float
    """
    if hasattr(signal, "setitimer"):
        left, _ = signal.getitimer(signal.ITIMER_PROF)
        if left:
            signal.setitimer(signal.ITIMER_PROF, left + seconds)
