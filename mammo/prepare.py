"""Make prepared crops of CBIS-DDSM as it comes from Kaggle, TCIA or Imaging Data Commons.

    python -m mammo.prepare --data DIR --out PREPARED
    python -m mammo.prepare --data DIR --out PREPARED --abnormality all --jobs 4
    python -m mammo.prepare --data DIR --out PREPARED --dask tcp://scheduler:8786

It recognises the layout, joins the official case files to the images, and cuts each lesion from
its mammogram by the function that the app uses. `report.json` lists every row that it could not
cut, with the reason. The exit status is 0 if every row has its crop and every file could be read,
else 1. After an interruption, run the same command to resume. An older preparation in the folder
stays usable until the new one is complete.
"""

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from mammo.command_line import as_typed, command_parser, exit_status
from mammo.data.preparation.notes import REPORT, is_whole, report_in_words
from mammo.data.preparation.run import ABNORMALITIES, PrepareSettings, prepare_folder
from mammo.data.preparation.tree import is_prepared
from mammo.errors import DataError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    options = _parser().parse_args(given)
    command = as_typed("mammo.prepare", given)
    return exit_status("mammo.prepare", lambda: _prepare(options, command), options.out)


def _prepare(options: argparse.Namespace, command: str) -> int:
    settings = PrepareSettings(
        options.data, options.out, options.abnormality, options.crop_size, options.jobs,
        options.dask, options.partial,
    )  # fmt: skip
    if is_prepared(options.data):
        raise DataError(
            f"--data expects a CBIS-DDSM download. Received: {options.data}, which contains "
            "prepared crops. Pass it to `python -m mammo.train --data`."
        )
    report = prepare_folder(settings, command)
    print(report_in_words(report))
    print(f"All exceptions are listed in {options.out / REPORT}.")
    partial = " --partial" if report["partial"] else ""
    print(f"Next: python -m mammo.train --data {shlex.quote(str(options.out))}{partial}")
    return 0 if is_whole(report) else 1


def _parser() -> argparse.ArgumentParser:
    parser = command_parser("mammo.prepare", __doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the CBIS-DDSM download")
    parser.add_argument("--out", type=Path, required=True, help="folder for the crops")
    parser.add_argument("--abnormality", default="mass", choices=ABNORMALITIES)
    parser.add_argument("--crop-size", type=int, default=PrepareSettings.crop_size)
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
