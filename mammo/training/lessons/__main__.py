"""The command of the lessons.

    python -m mammo.training.lessons leak --data DIR
    python -m mammo.training.lessons leak --data DIR --without-augmentation

`leak` trains the same model by the same trainer under two splits of the same crops, for each of
five seeds: rows at random, as in many public notebooks, and patients at random. Only the official
training crops are used; the test half stays untouched. Each model learns from the labels alone: a
teacher of the simple CNN would double the trainings and teach the lesson no better. The result goes
to `artifacts/lessons/leak.json`, which the page Model comparison shows. The same recipe without
rotation, zoom, shift and change of tone memorises more: its result goes to
`artifacts/lessons/leak-without-augmentation.json`. Killed, the same command goes on where it was.
"""

import argparse
import json
import logging
import os
import shutil
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from mammo.artifacts import artifacts_folder, attach, load_manifest
from mammo.artifacts.contents import LEAK, LEAK_WITHOUT_AUGMENTATION, SCHEMA
from mammo.command_line import as_typed, exit_status
from mammo.data.table import load_crops
from mammo.settings import MODELS, RECIPES, TrainSettings, with_overrides
from mammo.training.lessons.leak import LeakSettings, leak_lesson
from mammo.training.lessons.overlap import summary_in_words

AUGMENTATION = ("rotation_degrees", "zoom", "shift", "contrast", "brightness")
WITHOUT_TEACHER = {"distillation": 0.0}
WORK_FOLDER = ".mammo-lessons"
OVERRIDES = ("head_epochs", "epochs", "input_size", "batch_size")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    options = _parser().parse_args(given)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    # TensorFlow warns that it compiles anew for each fit and for each last, smaller batch.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    command = as_typed("mammo.training.lessons", given)
    return exit_status("mammo.training.lessons", lambda: _teach(options, command), options.data)


def _teach(options: argparse.Namespace, command: str) -> None:
    out = options.out if options.out is not None else artifacts_folder()
    work = options.work if options.work is not None else out.resolve().parent / WORK_FOLDER
    load_manifest(out)  # refuses before the trainings what could not be added to at their end
    overrides = {name: getattr(options, name) for name in OVERRIDES} | WITHOUT_TEACHER
    result = LEAK
    if options.without_augmentation:
        overrides |= dict.fromkeys(AUGMENTATION, 0.0)
        result = LEAK_WITHOUT_AUGMENTATION
    settings = LeakSettings(
        options.model, with_overrides(RECIPES[options.model], overrides),
        tuple(range(options.seed, options.seed + options.seeds)), options.imagenet_weights,
        work / Path(result).stem,
    )  # fmt: skip
    lesson = {
        "schema": SCHEMA,
        "lesson": "leak",
        "command": command,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        **leak_lesson(load_crops(options.data), settings),
    }
    attach(result, (json.dumps(lesson, indent=1) + "\n").encode(), folder=out)
    shutil.rmtree(settings.work, ignore_errors=True)
    print(summary_in_words(lesson))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m mammo.training.lessons",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("lesson", choices=("leak",))
    parser.add_argument("--data", type=Path, required=True, help="folder of prepared crops")
    parser.add_argument("--out", type=Path, default=None, help="artifacts folder to add it to")
    parser.add_argument(
        "--work",
        type=Path,
        default=None,
        help=f"folder for finished runs and checkpoints (default: {WORK_FOLDER} beside --out)",
    )
    parser.add_argument(
        "--without-augmentation", action="store_true", help="draw each crop as it is, flips apart"
    )
    parser.add_argument("--model", default="mobilenetv2", choices=MODELS)
    parser.add_argument("--seed", type=int, default=TrainSettings.seed, help="the first seed")
    parser.add_argument("--seeds", type=int, default=5, help="how many seeds; default: 5")
    parser.add_argument(
        "--imagenet-weights", default=TrainSettings.imagenet_weights, metavar="imagenet|PATH|none"
    )
    for name in OVERRIDES:
        parser.add_argument(
            "--" + name.replace("_", "-"), type=int, default=None, help="default: the recipe's"
        )
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
