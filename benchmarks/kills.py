"""Kill preparation and training at random moments, again and again, and compare where they end.

    python -m benchmarks.kills                    twenty kills each, and benchmarks/kills.json
    python -m benchmarks.kills --kills 3 --json OUT.json

A miniature of the data set is prepared, and both models are trained on a tiny folder of crops:
once undisturbed, then killed (SIGKILL, the whole process group) after a random part of the time
that took, started again by the same command, and so on. A run that ends before its kill is compared
with the undisturbed one, byte for byte, and a new one begins. Moments follow from the seed as
shares of the undisturbed time; where in the program they fall depends on the machine.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RESULT = Path(__file__).with_suffix(".json")
TRAINING = (
    "--folds", "2", "--epochs", "2", "--input-size", "64", "--batch-size", "16",
    "--imagenet-weights", "none",
)  # fmt: skip

Compared = Callable[[Path], dict[str, bytes]]


def main() -> int:
    """Run the command."""
    from tests.conftest import write_prepared
    from tests.miniature import WRITERS

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20, help="of each (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=2026, help="(default: %(default)s)")
    parser.add_argument("--json", type=Path, default=RESULT, help="(default: %(default)s)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        tree = WRITERS["tcia"](folder / "tree").folder
        crops = write_prepared(folder / "crops")
        prepare = ["mammo.prepare", "--data", str(tree), "--partial", "--jobs", "1"]
        train = ["mammo.train", "--data", str(crops), *TRAINING]
        random = Random(options.seed)
        found = {
            "seed": options.seed,
            "preparation": disturbed(
                prepare, folder / "prepared", prepared_files, options.kills, random
            ),
            "training": disturbed(train, folder / "trained", trained_files, options.kills, random),
        }
    options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1))
    return 0 if all(found[name]["same"] for name in ("preparation", "training")) else 1


def disturbed(
    command: list[str], place: Path, compared: Compared, kills: int, random: Random
) -> dict[str, Any]:
    """Kill a command so often, and say whether each of its ends is that of an undisturbed run."""
    start = time.perf_counter()
    run(command, place / "whole" / "out", None)
    seconds = time.perf_counter() - start
    expected = compared(place / "whole" / "out")
    shares: list[float] = []
    same, ends = True, 0
    while len(shares) < kills:
        out, killed = place / f"killed {ends}" / "out", True
        while killed:
            share = random.uniform(0.05, 0.95)
            killed = run(command, out, share * seconds if len(shares) < kills else None)
            shares += [round(share, 3)] if killed else []
        same, ends = same and compared(out) == expected, ends + 1
    return {
        "kills": len(shares), "runs_that_ended": ends, "same": same,
        "seconds_undisturbed": round(seconds, 1), "shares_of_it": shares,
    }  # fmt: skip


def run(command: list[str], out: Path, kill_after: float | None) -> bool:
    """Run a command, and kill it after so many seconds; return whether it was killed."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with subprocess.Popen(
        [sys.executable, "-m", *command, "--out", str(out)],
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True,
    ) as process:  # fmt: skip
        try:
            _, said = process.communicate(timeout=kill_after)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return True
    # A preparation with unreadable files ends with status 1 and no complaint.
    if process.returncode and (command[0] != "mammo.prepare" or b"mammo.prepare: " in said):
        raise SystemExit(f"{' '.join(command)} failed: {said.decode()[-500:]}")
    return False


def prepared_files(out: Path) -> dict[str, bytes]:
    """Return the table and every crop."""
    return {path.name: path.read_bytes() for path in [out / "index.csv", *out.glob("crops/*")]}


def trained_files(out: Path) -> dict[str, bytes]:
    """Return every weight, every score and the cards.

    Not the ONNX files: two undisturbed runs give the same weights, but tf2onnx another order of the
    nodes. Nor what the weights' files say besides: Keras numbers its layers by how many a process
    has made. The manifest and the curves hold the time of the run.
    """
    found = {"cases.csv": (out / "cases.csv").read_bytes()}
    for card in sorted(out.glob("*/card.json")):
        found[f"{card.parent.name}/card.json"] = card.read_bytes()
        found |= weights(card.with_name("model.weights.h5"))
    return found


def weights(path: Path) -> dict[str, bytes]:
    """Return the values of each array in a file of weights."""
    import h5py

    found = {}

    def note(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset):
            found[f"{path.parent.name}/{name}"] = item[()].tobytes()

    with h5py.File(path) as file:
        file.visititems(note)
    return found


if __name__ == "__main__":
    sys.exit(main())
