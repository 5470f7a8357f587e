"""Run a command under a hard limit of memory, as a container does.

The kernel counts what the command and its children hold in a control group of their own: their own
memory, and the pages of files that they were the first to read. Near the limit it takes file pages
back; what still does not fit, it kills. So a server that lives through all pages needs no more.

Linux only, and only where a group may be made: as root, mostly. Control groups of version 1 and 2.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4


@dataclass(frozen=True)
class _Files:
    """Name the files of a control group, for one version of them.

    Version 1 limits memory alone, and memory with swap; version 2 memory, and swap alone.
    """

    limit: str
    swap_limit: str
    swap_counts_memory: bool
    peak: str
    events: str


_FILES = {
    "cgroup": _Files(
        "memory.limit_in_bytes", "memory.memsw.limit_in_bytes", True,
        "memory.max_usage_in_bytes", "memory.oom_control",
    ),
    "cgroup2": _Files("memory.max", "memory.swap.max", False, "memory.peak", "memory.events"),
}  # fmt: skip


@dataclass(frozen=True)
class MemoryLimit:
    """Hold a control group."""

    folder: Path
    files: _Files

    @property
    def under(self) -> tuple[str, ...]:
        """Return the command that runs what follows it under the limit."""
        return ("sh", "-c", 'echo $$ > "$0" && exec "$@"', str(self.folder / "cgroup.procs"))

    @property
    def peak_mb(self) -> float:
        """Return the most that was ever held, in MB (10^6 bytes)."""
        return int(self._read(self.files.peak)) / 1e6

    @property
    def kills(self) -> int:
        """Return how many processes were killed because they held too much."""
        lines = dict(line.split() for line in self._read(self.files.events).splitlines())
        return int(lines["oom_kill"])

    def _read(self, name: str) -> str:
        return (self.folder / name).read_text(encoding="ascii")


@contextmanager
def memory_limit(megabytes: int) -> Iterator[MemoryLimit | None]:
    """Make a control group with a limit in MB (10^6 bytes), and remove it after the block.

    None is given where the system has no such groups or lets us make none.
    """
    try:
        kind, parent = _place()
        folder = parent / f"mammo-{uuid4().hex[:12]}"
        folder.mkdir()
    except OSError:
        yield None
        return
    try:
        _set_limit(folder, _FILES[kind], megabytes * 10**6)
        yield MemoryLimit(folder, _FILES[kind])
    finally:
        _remove(folder)


def _remove(folder: Path, patience_seconds: float = 10) -> None:
    """Remove a control group once the last child of the command has ended."""
    until = time.monotonic() + patience_seconds
    while (folder / "cgroup.procs").read_text(encoding="ascii") and time.monotonic() < until:
        time.sleep(0.1)
    folder.rmdir()


def _set_limit(folder: Path, files: _Files, limit: int) -> None:
    (folder / files.limit).write_text(str(limit), encoding="ascii")
    if (folder / files.swap_limit).exists():
        swap = limit if files.swap_counts_memory else 0
        (folder / files.swap_limit).write_text(str(swap), encoding="ascii")


def _place() -> tuple[str, Path]:
    """Return the version, and the folder of the control group that this process is in."""
    mounts = [line.split() for line in _lines("/proc/self/mounts")]
    own = {}
    for line in _lines("/proc/self/cgroup"):
        _, controllers, path = line.split(":", 2)
        own[controllers] = path.lstrip("/")
    for _, where, kind, options, *_ in mounts:
        if kind == "cgroup" and "memory" in options.split(","):
            return kind, _existing(Path(where), own.get("memory", ""))
    for _, where, kind, *_ in mounts:
        if kind == "cgroup2":
            parent = _existing(Path(where), own.get("", ""))
            if "memory" in (parent / "cgroup.subtree_control").read_text("ascii").split():
                return kind, parent
    raise FileNotFoundError("No control group is mounted that hands memory on.")


def _existing(mount: Path, own: str) -> Path:
    return mount / own if (mount / own).is_dir() else mount


def _lines(file: str) -> list[str]:
    return Path(file).read_text(encoding="utf-8").splitlines()
