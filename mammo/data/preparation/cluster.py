"""Films cut by the workers of a Dask cluster that sees the same files.

    python -m dask scheduler                      on one machine
    python -m dask worker tcp://HOST:8786         on each, from the folder that holds `mammo/`
    python -m mammo.prepare --data DIR --out PREPARED --dask tcp://HOST:8786

Dask answers nothing where a worker cannot import what it is sent, so that scheduler and workers are
asked first what they can import, in which version, and whether they see the films.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from mammo.data.preparation.films import FAILED, UNRESOLVED, FilmTask, PreparedLesion, prepare_film
from mammo.errors import SettingsError

if TYPE_CHECKING:
    from distributed import Client

CONNECT_S, WORKERS_S, PROBE_S = 10, 10, 60
"""Seconds to wait for a scheduler, for its first worker, and for all of them to import mammo."""

IDLE_S = 60
"""Seconds without a result after which it is checked whether a worker is left."""

MODULES = ("mammo", "numpy", "cv2", "pydicom")
PREPARING = "mammo.data.preparation.films"
START = "python -m dask worker {}"


def results_of_cluster(
    address: str, tasks: Sequence[FilmTask], crop_size: int
) -> Iterator[list[PreparedLesion]]:
    """Yield each film's lesions as a worker has cut them."""
    if not tasks:
        return
    client = _connect(address)
    try:
        _check(client, address, tasks)
        yield from _in_turn(client, tasks, crop_size)
    finally:
        client.close(timeout=5)


def _connect(address: str) -> "Client":
    try:
        from distributed import Client
    except ImportError as error:
        raise SettingsError(
            "--dask needs Dask: pip install -r requirements-cluster.txt (or install mammo with its "
            "extra [cluster]), then run this again."
        ) from error
    try:
        return _within(CONNECT_S + 5, lambda: Client(address, timeout=CONNECT_S))
    except (OSError, ValueError, TypeError, ImportError) as error:
        raise SettingsError(
            f"No Dask scheduler answered at {address} ({type(error).__name__}). Start one with "
            "`python -m dask scheduler`, or omit --dask to use this machine."
        ) from error


def _within(seconds: float, act: Callable[[], Any]) -> Any:
    """Return what a call returns; raise TimeoutError where it does not end."""
    answer: Future[Any] = Future()

    def run() -> None:
        try:
            answer.set_result(act())
        except Exception as error:  # noqa: BLE001 - raised again in the caller's thread
            answer.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return answer.result(seconds)


def _check(client: "Client", address: str, tasks: Sequence[FilmTask]) -> None:
    """Refuse a cluster that would not answer or would cut otherwise than this machine."""
    try:
        client.wait_for_workers(1, timeout=WORKERS_S)
    except TimeoutError as error:
        raise SettingsError(
            f"The Dask scheduler at {address} has no worker. Start some, from the folder that "
            f"holds mammo/: {START.format(address)}"
        ) from error
    film = next((str(path) for task in tasks for path in task.film), "")
    here = _probe(film)
    try:
        workers = _within(PROBE_S, lambda: client.run(_probe, film, on_error="return"))
        scheduler = _within(PROBE_S, lambda: client.run_on_scheduler(_probe, film))
    except Exception as error:
        raise SettingsError(
            f"The Dask cluster at {address} did not report what it can import "
            f"({type(error).__name__}). Restart the scheduler and the workers."
        ) from error
    lacking = {f"the worker {name}": _difference(found, here) for name, found in workers.items()}
    here.pop("film", None)  # the scheduler cuts none
    lacking["the scheduler"] = _difference(scheduler, here)
    for who, what in lacking.items():
        if what:
            raise SettingsError(
                f"Expected {who} of Dask to run the same mammo as this machine. Received: {what}. "
                "Install requirements-cluster.txt there and start it from the folder that holds "
                f"mammo/: {START.format(address)}"
            )


def _probe(film: str) -> dict[str, str]:
    """Return what this machine can import, in which version, and whether it sees a film."""
    import hashlib
    import importlib
    import pathlib
    import sys

    found = {}
    for name in MODULES:
        try:
            found[name] = str(getattr(importlib.import_module(name), "__version__", ""))
        except Exception as error:  # noqa: BLE001 - any failure is the answer
            found[name] = f"cannot be imported ({type(error).__name__}: {error})"
    try:
        importlib.import_module(PREPARING)
        package = pathlib.Path(str(sys.modules[PREPARING].__file__)).parents[2]
        code = hashlib.sha256()
        for part in ("imaging", "data/preparation"):
            for path in sorted((package / part).glob("*.py")):
                code.update(path.read_bytes())
        found["mammo"] += f", code {code.hexdigest()[:8]}"
    except Exception as error:  # noqa: BLE001 - any failure is the answer
        found["mammo"] = f"cannot be imported ({type(error).__name__}: {error})"
    if film:
        found["film"] = "seen" if pathlib.Path(film).exists() else f"{film} is not there"
    return found


_probe.__module__ = "__main__"  # so that Dask sends it whole, to where mammo is not installed


def _difference(answer: object, here: dict[str, str]) -> str:
    """Return in words how a machine of the cluster differs."""
    if not isinstance(answer, dict):
        return f"{type(answer).__name__}: {answer}"
    return "; ".join(
        f"{name} {answer.get(name, 'unknown')}" + f" instead of {value}" * (name != "film")
        for name, value in here.items()
        if answer.get(name) != value
    )


def _in_turn(
    client: "Client", tasks: Sequence[FilmTask], crop_size: int
) -> Iterator[list[PreparedLesion]]:
    """Keep two films per thread of the cluster in work, and yield what is ready."""
    from distributed import KilledWorker, wait

    left = iter(tasks)
    running: dict[Any, FilmTask] = {}
    while True:
        for task in left:
            running[client.submit(prepare_film, task, crop_size, pure=False)] = task
            if len(running) >= 2 * max(sum(client.nthreads().values()), 1):
                break
        if not running:
            return
        try:
            ready, _ = wait(list(running), timeout=IDLE_S, return_when="FIRST_COMPLETED")
        except TimeoutError as error:
            if not client.nthreads():
                raise SettingsError(
                    "The last worker of Dask has ended. Start workers again, then run the same "
                    "command to resume."
                ) from error
            continue
        for future in ready:
            task = running.pop(future)
            try:
                yield future.result()
            except KilledWorker:  # by this very film, on several workers
                yield [
                    PreparedLesion(row.key, UNRESOLVED, FAILED, "Dask's worker was ended.")
                    for row, _ in task.lesions
                ]
            except Exception as error:
                raise SettingsError(
                    f"A worker of Dask failed ({type(error).__name__}: {error}). Run the same "
                    "command again to resume."
                ) from error
