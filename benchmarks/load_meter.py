"""Meter a server while it is visited: memory, whose share of the processor, latencies.

Used by `benchmarks/load.py`.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import psutil

SECONDS_BETWEEN = 1.0
CURVE_POINTS = 60


@dataclass(frozen=True)
class Sample:
    """Hold one look: the clock, the server's memory, processor seconds spent until then.

    Attributes
    ----------
    at : float, seconds of `time.perf_counter`
    memory_mb : float, resident, 10^6 bytes
    server_s, visitors_s, machine_s : float, of the server, of this process, of everything
    """

    at: float
    memory_mb: float
    server_s: float
    visitors_s: float
    machine_s: float


class Meter:
    """Look at a server's process once a second.

    Parameters
    ----------
    pid : int, of the server
    """

    def __init__(self, pid: int) -> None:
        self._server, self._visitors = psutil.Process(pid), psutil.Process(os.getpid())
        self.samples: list[Sample] = []

    def look(self) -> Sample:
        """Take one sample and keep it."""
        times = psutil.cpu_times()
        idle = times.idle + getattr(times, "iowait", 0.0)
        sample = Sample(
            time.perf_counter(),
            self._server.memory_info().rss / 1e6,
            _spent(self._server),
            _spent(self._visitors),
            sum(times[:8]) - idle,
        )
        self.samples.append(sample)
        return sample

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Look once a second until the block ends."""
        task = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _watch(self) -> None:
        while True:
            self.look()
            await asyncio.sleep(SECONDS_BETWEEN)

    def since(self, moment: float) -> list[Sample]:
        """Return the samples from a moment of `time.perf_counter` on."""
        return [sample for sample in self.samples if sample.at >= moment]


def _spent(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def shares(first: Sample, last: Sample) -> dict[str, float]:
    """Return how many cores were busy between two samples, and with whom."""
    seconds = last.at - first.at
    server = (last.server_s - first.server_s) / seconds
    visitors = (last.visitors_s - first.visitors_s) / seconds
    everything = (last.machine_s - first.machine_s) / seconds
    return {
        "server_cores": round(server, 3),
        "visitors_cores": round(visitors, 3),
        "others_cores": round(max(0.0, everything - server - visitors), 3),
    }


def latencies(seconds: Mapping[str, Sequence[float]]) -> dict[str, dict[str, float]]:
    """Return number, percentiles and maximum of each act, milliseconds."""
    return {act: latency(taken) for act, taken in seconds.items()}


def latency(seconds: Sequence[float]) -> dict[str, float]:
    """Return number, percentiles and maximum, milliseconds.

    Examples
    --------
    >>> latency([0.1, 0.2, 0.3])
    {'times': 3, 'p50_ms': 200.0, 'p95_ms': 290.0, 'p99_ms': 298.0, 'max_ms': 300.0}
    """
    taken = 1000 * np.asarray(seconds)
    found = {f"p{share}_ms": round(float(np.percentile(taken, share)), 1) for share in (50, 95, 99)}
    return {"times": len(taken)} | found | {"max_ms": round(float(taken.max()), 1)}


def growth(samples: Sequence[Sample]) -> dict[str, float]:
    """Return by how many MB an hour memory grows: the Theil-Sen slope and its 95 % interval."""
    from scipy.stats import theilslopes

    hours = [sample.at / 3600 for sample in samples]
    slope, _, low, high = theilslopes([sample.memory_mb for sample in samples], hours, 0.95)
    return {
        "slope": round(float(slope), 1),
        "low": round(float(low), 1),
        "high": round(float(high), 1),
    }


def memory(samples: Sequence[Sample], warm_up_share: float) -> dict[str, Any]:
    """Return the curve of the server's memory, and its growth after the warm-up.

    Parameters
    ----------
    samples : of the whole time
    warm_up_share : float, 0-1, the part that does not count
    """
    start, end = samples[0].at, samples[-1].at
    warm = [one for one in samples if one.at >= start + warm_up_share * (end - start)]
    thinned = samples[:: max(1, len(samples) // CURVE_POINTS)]
    return {
        "start_mb": round(samples[0].memory_mb, 1),
        "after_warm_up_mb": round(warm[0].memory_mb, 1),
        "end_mb": round(samples[-1].memory_mb, 1),
        "peak_mb": round(max(one.memory_mb for one in samples), 1),
        "growth_mb_an_hour": growth(warm),
        "curve_s_mb": [[round(one.at - start, 1), round(one.memory_mb, 1)] for one in thinned],
    }
