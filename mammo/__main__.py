"""Run mammo's commands: `mammo COMMAND`, or `python -m mammo COMMAND`.

    mammo app                                       the app, in the browser
    mammo predict film.dcm --box 1200,800,300,280   the same as python -m mammo.predict ...

`mammo app` passes its options to Streamlit: mammo app --server.port 8600.
"""

import runpy
import sys
from collections.abc import Sequence
from importlib import import_module

from mammo import __version__
from mammo.command_line import PROGRAM
from mammo.files import home_folder

COMMANDS = {
    "app": "open the app in the browser",
    "predict": "classify lesions on mammograms",
    "evaluate": "print the performance of the models, also on other data",
    "train": "train the models and write their artifacts",
    "prepare": "cut crops from downloaded mammograms",
    "download": "download CBIS-DDSM or its crops",
    "card": "write the model card",
    "serve": "classify lesions over HTTP",
}
"""Name of each command, as in `mammo.NAME`, and what it does."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its exit status: 2 where there is no such command."""
    name, *rest = (sys.argv[1:] if arguments is None else arguments) or ["--help"]
    if name == "--version":
        print(f"mammo {__version__}")
        return 0
    if name in ("--help", "-h"):
        listed = "\n".join(f"  {command:<10}{does}" for command, does in COMMANDS.items())
        print(f"usage: mammo COMMAND ...\n\n{listed}\n\nmammo COMMAND --help explains a command.")
        return 0
    if name not in COMMANDS:
        print(
            f"mammo: expected a command: {', '.join(COMMANDS)}. Received: {name}. mammo --help "
            "explains them.",
            file=sys.stderr,
        )
        return 2
    sys.argv[:] = [PROGRAM, *rest]
    return _open_app(rest) if name == "app" else int(import_module(f"mammo.{name}").main(rest))


def _open_app(options: Sequence[str]) -> int:
    """Become Streamlit's own command, in this process, so that signals reach it."""
    script = home_folder() / "app.py"
    if not script.is_file():
        print(
            f"mammo: expected the app at {script}, found nothing. Install mammo again.",
            file=sys.stderr,
        )
        return 1
    sys.argv[:] = ["streamlit", "run", str(script), *options]
    runpy.run_module("streamlit", run_name="__main__", alter_sys=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
