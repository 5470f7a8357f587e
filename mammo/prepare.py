"""Make prepared crops of your own data, or of a CBIS-DDSM download.

    python -m mammo.prepare --table own.csv --out PREPARED
    python -m mammo.prepare --folders DIR --out PREPARED

The table has a row per lesion and view: film, patient, label, and x, y, width, height (the lesion
box) or mask. The folders hold cropped lesions: DIR/benign/ and DIR/malignant/. docs/own-data.md
describes both. One row that cannot be cut stops the command, and nothing is written.

    python -m mammo.prepare --data DIR --out PREPARED
    python -m mammo.prepare --data DIR --out PREPARED --abnormality all --jobs 4
    python -m mammo.prepare --data DIR --out PREPARED --dask tcp://scheduler:8786

A download comes from Kaggle, TCIA or Imaging Data Commons. The command recognises the layout, joins
the official case files to the images, and cuts each lesion from its mammogram by the function that
the app uses. `report.json` lists every row that it could not cut, with the reason. The exit status
is 0 if every row has its crop and every file could be read, else 1. After an interruption, run the
same command to resume. An older preparation in the folder stays usable until the new one is
complete.
"""

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from mammo.command_line import as_typed, command_parser, exit_status
from mammo.data.preparation.notes import REPORT, is_whole, report_in_words
from mammo.data.preparation.own import COLUMNS, TEST_SHARE, OwnSettings, prepare_own
from mammo.data.preparation.run import ABNORMALITIES, PrepareSettings, prepare_folder
from mammo.data.preparation.tree import is_prepared
from mammo.errors import DataError
from mammo.imaging.window import CROP_SIZE


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    options = _parser().parse_args(given)
    command = as_typed("mammo.prepare", given)
    return exit_status("mammo.prepare", lambda: _prepare(options, command), options.out)


def _prepare(options: argparse.Namespace, command: str) -> int:
    data = options.data or options.table or options.folders
    size = options.crop_size or (PrepareSettings.crop_size if options.data else CROP_SIZE)
    settings = PrepareSettings(
        data, options.out, options.abnormality, size, options.jobs, options.dask, options.partial
    )
    place = shlex.quote(str(options.out))
    if not options.data:
        report = prepare_own(settings, _own(options), command)
        print(report_in_words(report))
        print(f"Next: python -m mammo.evaluate --data {place}")
        return 0
    if is_prepared(options.data):
        raise DataError(
            f"--data expects a CBIS-DDSM download. Received: {options.data}, which contains "
            "prepared crops. Pass it to `python -m mammo.train --data`."
        )
    report = prepare_folder(settings, command)
    print(report_in_words(report))
    print(f"All exceptions are listed in {options.out / REPORT}.")
    partial = " --partial" if report["partial"] else ""
    print(f"Next: python -m mammo.train --data {place}{partial}")
    return 0 if is_whole(report) else 1


def _own(options: argparse.Namespace) -> OwnSettings:
    words = {"MALIGNANT": options.malignant, "BENIGN": options.benign}
    return OwnSettings(
        options.folders is not None, options.films, dict(options.columns), words,
        options.test_share, options.seed,
    )  # fmt: skip


def _renamed(text: str) -> tuple[str, str]:
    ours, sign, yours = text.partition("=")
    if not sign or ours not in COLUMNS:
        raise argparse.ArgumentTypeError(
            f"expected NAME=YOURS, NAME one of {', '.join(COLUMNS)}. Received: {text}"
        )
    return ours, yours


def _parser() -> argparse.ArgumentParser:
    parser = command_parser("mammo.prepare", __doc__)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--table", type=Path, metavar="CSV", help="table of your own films")
    source.add_argument("--folders", type=Path, metavar="DIR", help="your own crops, by label")
    source.add_argument("--data", type=Path, metavar="DIR", help="folder of the CBIS-DDSM download")
    parser.add_argument("--out", type=Path, required=True, help="folder for the crops")
    add = parser.add_argument_group("your own data").add_argument
    add("--films", type=Path, metavar="DIR", help="folder of the table's films")
    named = f"the table's names of {', '.join(COLUMNS)}"
    add("--columns", type=_renamed, nargs="+", default=(), metavar="NAME=YOURS", help=named)
    for label in ("malignant", "benign"):
        add(f"--{label}", nargs="+", default=(), metavar="WORD", help=f"labels that mean {label}")
    share = f"share of patients for testing (default: the column split, or {TEST_SHARE})"
    add("--test-share", type=float, help=share)
    add("--seed", type=int, default=OwnSettings.seed, help="seed of that draw")
    parser.add_argument("--abnormality", default="mass", choices=ABNORMALITIES)
    size = f"pixels (default: {PrepareSettings.crop_size}, of your own data {CROP_SIZE})"
    parser.add_argument("--crop-size", type=int, help=size)
    parser.add_argument(
        "--jobs",
        type=int,
        default=PrepareSettings.jobs,
        help="parallel processes (default: one per core)",
    )
    parser.add_argument(
        "--dask",
        default="",
        metavar="ADDRESS",
        help="address of a Dask scheduler, such as tcp://HOST:8786",
    )
    parser.add_argument("--partial", action="store_true", help="accept an incomplete data set")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
