"""The command that downloads CBIS-DDSM.

    python -m mammo.download --source crops --split test
    python -m mammo.download --source kaggle --out cbis-ddsm
    python -m mammo.download --source idc --out cbis-ddsm --abnormality mass --split test

The crops are the small images of the masses that the models were trained and tested on (12 MB);
without --out they go where the app finds them. The films come from two places. Kaggle's copy is
small (6.3 GB, 8-bit JPEG) and comes whole; Imaging Data Commons has the films as they were
published (163.5 GB, 16-bit DICOM), also in parts. Prepare them with `python -m mammo.prepare`.

The command prints what it will fetch, how large that is and under which licence, and on a terminal
it asks before it starts. After an interruption, run the same command to resume.
"""

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from mammo.command_line import command_parser, exit_status
from mammo.data.download import Choice, crops, idc, kaggle, refuse_if_too_big
from mammo.errors import SettingsError

SOURCES = {"crops": crops, "kaggle": kaggle, "idc": idc}
"""Where CBIS-DDSM can be had without an account, by the names of `--source`."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.out is None and options.source != "crops":
        parser.error("the following arguments are required: --out")
    options.out = options.out or crops.default_folder()
    return exit_status("mammo.download", lambda: _download(options), options.out)


def _download(options: argparse.Namespace) -> int:
    source, out = SOURCES[options.source], options.out
    if out.exists() and not out.is_dir():
        raise SettingsError(
            f"--out expects a folder. Received: {out}, which is a file. Name a folder."
        )
    offer = source.offer(out, Choice(options.abnormality, options.split))
    print(offer.in_words(out), flush=True)
    refuse_if_too_big(offer, out)
    if offer.missing_bytes and not options.yes and not _agreed():
        print("Nothing was downloaded.")
        return 1
    out.mkdir(parents=True, exist_ok=True)
    source.fetch(out, offer, partial(print, flush=True))
    print(f"Complete. Next: {offer.next_command.format(out=out)}")
    return 0


def _agreed() -> bool:
    """Ask on a terminal; elsewhere, where nobody can answer, start at once."""
    if not sys.stdin.isatty():
        return True
    return input("Download it? [y/N] ").strip().lower() in ("y", "yes")


def _parser() -> argparse.ArgumentParser:
    parser = command_parser("mammo.download", __doc__)
    parser.add_argument("--source", required=True, choices=tuple(SOURCES))
    parser.add_argument(
        "--out", type=Path,
        help="folder to download to; default for crops: the folder that the app reads",
    )  # fmt: skip
    parser.add_argument(
        "--abnormality", default="all", choices=("mass", "calcification", "all"),
        help="idc only; default: all",
    )  # fmt: skip
    parser.add_argument(
        "--split", default="all", choices=("train", "test", "all"),
        help="crops and idc only; default: all",
    )  # fmt: skip
    parser.add_argument("--yes", action="store_true", help="start without asking")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
