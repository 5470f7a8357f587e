"""Look for what the app, the commands and the library leave in an empty home, and whom they call.

    python -m benchmarks.empty_home

Each runs with nothing in its environment but PATH, HOME and TMPDIR. Connections are read from the
system calls where `strace` is installed: Python's audit hooks do not see those of compiled code.
"""

import argparse
import asyncio
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.server import PAGES
from benchmarks.server_walk import PAGE, open_whole
from benchmarks.visitor import Visitor
from mammo.artifacts import artifacts_folder
from mammo.ui.kit.result import LABELS
from tests.browser.conftest import ROOT, running_server

RESULT = Path(__file__).with_suffix(".json")
LIBRARY = """
import mammo
lesion = mammo.example_lesions()[6]
crop = mammo.cut_lesion(mammo.read_image(lesion.film), window=lesion.window)
mammo.load_classifier("mobilenetv2").explain(crop)
"""
COMMANDS: Mapping[str, tuple[str, ...]] = {
    "library": ("-c", LIBRARY),
    "mammo.predict": ("-m", "mammo.predict", "--example", "7", "--report", "{out}/report"),
    "mammo.evaluate": ("-m", "mammo.evaluate", "--unit", "lesion"),
}
_OUTSIDE = re.compile(r"connect\(.*sa_family=AF_INET6?, (?!.*(?:\"127\.|\"::1\"))")


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, default=RESULT, help="(default: %(default)s)")
    options = parser.parse_args()
    result = {name: left_by_command(name) for name in COMMANDS} | {
        "app": asyncio.run(left_by_app())
    }
    options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(options.json.read_text(encoding="utf-8"))


def left_by_command(name: str) -> dict[str, Any]:
    """Run one of `COMMANDS`; return the files that it left in its home, and its connections."""
    with _empty_home() as (folder, under):
        words = [word.format(out=folder / "out") for word in COMMANDS[name]]
        subprocess.run([*under, sys.executable, *words], cwd=ROOT, check=True, capture_output=True)
        return _left(folder)


async def left_by_app() -> dict[str, Any]:
    """Start the app, visit each page, take a report; return the same of it."""
    with _empty_home() as (folder, under):
        with running_server(artifacts_folder(), folder / "log", under=under) as server:
            async with Visitor(server.address) as visitor:
                for page in PAGES.values():
                    await open_whole(visitor, page)
                await open_whole(visitor, PAGE)
                await visitor.download(LABELS["pdf"])
        return _left(folder)


@contextmanager
def _empty_home() -> Iterator[tuple[Path, tuple[str, ...]]]:
    """Make a folder with an empty home; yield it, and what starts a command there."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("home", "tmp"):
            (folder / part).mkdir()
        under = ["env", "-i", f"PATH={Path(sys.executable).parent}:/usr/bin:/bin"]
        under += [f"HOME={folder / 'home'}", f"TMPDIR={folder / 'tmp'}"]
        if shutil.which("strace"):
            under += ["strace", "-D", "-f", "-qq", "-e", "trace=connect", "-o", f"{folder}/calls"]
        yield folder, tuple(under)


def _left(folder: Path) -> dict[str, Any]:
    calls = folder / "calls"
    lines = calls.read_text(errors="replace").splitlines() if calls.exists() else None
    return {
        "files": [
            str(path.relative_to(folder))
            for part in ("home", "tmp")
            for path in sorted((folder / part).rglob("*"))
        ],
        "connections": None if lines is None else [one for one in lines if _OUTSIDE.search(one)],
    }


if __name__ == "__main__":
    main()
