"""Classify lesions from the command line: `python -m mammo.predict FILE...`.

    python -m mammo.predict crop.png other.png               ready crops, used whole
    python -m mammo.predict FOLDER                           every picture in it and below
    python -m mammo.predict film.dcm --box 1200,800,300,280  a film; the lesion's box
    python -m mammo.predict film.dcm --window 1140,730,420,420   a film; the exact square
    python -m mammo.predict --example all                    the ten installed example lesions
    ... --model mobilenetv2 --csv OUT.csv --heatmap DIR --report DIR

One line a lesion on standard output, tab-separated: the file, then for each model the calibrated
probability of malignancy and where it stands to the model's Youden threshold, "not sure" where the
mirror images of the crop stand on both sides of it. All else goes to standard error. Exit status:
0 all classified, 1 some failed, 2 wrong usage.
"""

import argparse
import io
import math
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import lru_cache
from pathlib import Path

from mammo.artifacts import load_manifest
from mammo.data.examples import ExampleLesion, example_lesions
from mammo.errors import DataError, ImageError, MammoError, SettingsError, WindowError
from mammo.imaging import Image, cut_lesion, lesion_window, quality_warnings, read_image
from mammo.inference import Classifier, load_classifier
from mammo.reports import ReportFolder
from mammo.results import HeatMapFolder, Region, Result, Source, line_of, result_table
from mammo.settings import MODELS
from mammo.trust import Trust, load_trust
from mammo.ui.measured import measure_thresholds
from mammo.ui.region import looks_like_crop
from mammo.ui.words import NOTICE_SHORT

PICTURE_SUFFIXES = frozenset(
    (".bmp", ".dcm", ".dicom", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
)
DICOM_PREAMBLE = 128
"""Bytes before the letters DICM in a DICOM file (PS3.10 section 7.1)."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    parser = build_parser()
    options = parser.parse_args(arguments)
    if not options.files and not options.example:
        parser.error("name a FILE, or take the installed films: --example all")
    if (options.box or options.window) and not options.files:
        parser.error("--box and --window place the lesion in a FILE; the examples know theirs")
    _let_any_name_be_printed()
    try:
        return _run(options)
    except SettingsError as error:
        parser.error(str(error))
    except MammoError as error:
        _say(str(error))
    except KeyboardInterrupt:
        _say("Stopped. What was written until now is complete.")
    except BrokenPipeError:
        # Who read the lines has seen enough; Python must not try to flush the rest at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command."""
    parser = argparse.ArgumentParser(
        prog="python -m mammo.predict",
        description="Estimate the probability that lesions on mammograms are malignant.",
        epilog=NOTICE_SHORT,
    )
    add = parser.add_argument
    add("files", nargs="*", type=Path, metavar="FILE", help="film, crop, or folder of them")
    add(
        "--example",
        metavar="N|all|CASE_ID",
        help="an installed example lesion, by number (1 to 10) or case id, or all ten",
    )
    place = parser.add_mutually_exclusive_group()
    place.add_argument(
        "--box", type=_region, metavar="x,y,w,h", help="the lesion on the film, in film pixels"
    )
    place.add_argument(
        "--window", type=_region, metavar="x,y,w,h", help="the exact square to cut from the film"
    )
    add("--model", choices=(*MODELS, "both"), default="both", help="(default: %(default)s)")
    add("--csv", type=Path, metavar="OUT", help="write the results to this file too")
    add("--heatmap", type=Path, metavar="DIR", help="draw the heat maps into this folder")
    add("--report", type=Path, metavar="DIR", help="write a page a lesion, PDF and HTML")
    add("--artifacts", type=Path, metavar="DIR", help="trained artifacts (default: the release)")
    return parser


def predict_source(
    source: Source, classifiers: Sequence[Classifier], trust: Trust | None = None
) -> Result:
    """Classify one lesion with each model; what is wrong with its file becomes a sentence.

    With `trust`, and its model among the classifiers, a picture that does not look like a mammogram
    crop is named as doubtful.
    """
    try:
        film = _film(source.path)
        source_side = _side_on_film(source, film)
        crops = {
            model.name: cut_lesion(
                film, source.box, window=source.window, size=model.card.crop_size
            )
            for model in classifiers
        }
    except (ImageError, WindowError) as error:
        return Result(source, error=str(error))
    doubts = [*film.warnings]
    for model in classifiers:
        if trust is not None and model.name == trust.model:
            crop = crops[model.name]
            sentence = trust.familiarity(crop, model.embed(crop)).sentence
            doubts += [sentence] if sentence else []
    for crop in crops.values():
        doubts += quality_warnings(crop, source_side=source_side)
    assessments = {model.name: model.assess(crops[model.name])[0] for model in classifiers}
    return Result(source, crops, assessments, tuple(dict.fromkeys(doubts)))


def file_sources(
    files: Sequence[Path], box: Region | None = None, window: Region | None = None
) -> Iterator[Source]:
    """Give a source for each file, and for each picture in a folder and below, sorted by name.

    What is no picture in a folder is left out, and how much that was is said on standard error.
    """
    for path in files:
        pictures = _pictures_below(path) if _is_folder(path) else [path]
        for picture in pictures:
            yield Source(_printable(str(picture)), picture, box, window)


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
            f"--example takes a number from 1 to {len(lesions)}, all, or one of "
            f"{', '.join(lesion.case_id for lesion in lesions)}. Received: {which}."
        )
    return [_example_source(lesion) for lesion in by_name[which]]


def _run(options: argparse.Namespace) -> int:
    _film.cache_clear()  # a file may have changed since another call in this process
    sources = example_sources(options.example)
    sources += file_sources(options.files, options.box, options.window)
    if not sources:
        raise DataError(
            "Expected DICOM, PNG, JPEG, TIFF, BMP or WebP files in the folder, found none."
        )
    classifiers = _classifiers(options.model, options.artifacts)
    cards = [model.card for model in classifiers]
    trust = load_trust(options.artifacts)
    _say(NOTICE_SHORT)
    failed = 0
    with ExitStack() as stack:
        table = stack.enter_context(result_table(options.csv, cards)) if options.csv else None
        heat_maps = HeatMapFolder(options.heatmap, cards) if options.heatmap else None
        reports = None
        if options.report:
            made_by = load_manifest(options.artifacts)
            measured = measure_thresholds(cards, options.artifacts)
            reports = ReportFolder(options.report, classifiers, made_by, measured, trust)
        for source in sources:
            result = predict_source(source, classifiers, trust)
            failed += bool(result.error)
            _tell(result)
            if table:
                table.add(result)
            if heat_maps:
                heat_maps.draw(result)
            if reports and not result.error:
                reports.write(result, _film(source.path))
    if failed:
        _say(f"{failed} of {len(sources)} could not be classified.")
    return 1 if failed else 0


def _classifiers(model: str, folder: Path | None) -> list[Classifier]:
    if model != "both":
        return [load_classifier(model, folder)]
    trained = load_manifest(folder).models
    for absent in (name for name in MODELS if name not in trained):
        _say(f"The artifacts hold no {absent}, so it does not answer.")
    return [load_classifier(name, folder) for name in MODELS if name in trained]


@lru_cache(maxsize=1)
def _film(path: Path) -> Image:
    """Read a film, once for all lesions on it that follow each other."""
    return read_image(path)


def _side_on_film(source: Source, film: Image) -> int:
    """Return how many pixels a side of the file the crop is cut from; a film needs its place."""
    if source.window is not None:
        side = source.window[2]
        return int(side) if math.isfinite(side) else 0  # `cut_lesion` says what is wrong with it
    if source.box is not None:
        return lesion_window(film.shape, source.box, film.pixel_spacing_mm).width
    height, width = film.shape
    if not looks_like_crop(film.shape):
        raise WindowError(
            f"This is a film ({width} x {height} pixels), not a ready crop, so say where the "
            "lesion is: --box x,y,w,h (around it) or --window x,y,w,h (the exact square), in film "
            "pixels from the top left corner."
        )
    return min(height, width)


def _example_source(lesion: ExampleLesion) -> Source:
    return Source(lesion.case_id, lesion.film, window=lesion.window, recorded=lesion.pathology)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a name that the system cannot hold; its reader will say so
        return False


def _pictures_below(folder: Path) -> list[Path]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    pictures = [path for path in files if _may_be_picture(path)]
    if len(pictures) < len(files):
        _say(f"{folder}: skipped {len(files) - len(pictures)} that are no pictures.")
    return pictures


def _may_be_picture(path: Path) -> bool:
    """Tell a picture by its name, or, as many archives name DICOM files by number, by its head."""
    if path.name.startswith("."):
        return False
    if path.suffix.lower() in PICTURE_SUFFIXES:
        return True
    try:
        with path.open("rb") as file:
            return file.read(DICOM_PREAMBLE + 4)[DICOM_PREAMBLE:] == b"DICM"
    except OSError:
        return False


def _tell(result: Result) -> None:
    for sentence in (result.error, *result.doubts):
        if sentence:
            _say(f"{result.source.name}: {sentence}")
    if not result.error:
        print(line_of(result), flush=True)


def _say(sentence: str) -> None:
    print(f"mammo.predict: {sentence}", file=sys.stderr, flush=True)


def _region(text: str) -> Region:
    try:
        x, y, width, height = (float(number) for number in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected four numbers x,y,w,h in film pixels, received {text!r}"
        ) from None
    return x, y, width, height


def _printable(name: str) -> str:
    """Keep a tab or line break in a file name from tearing the line."""
    return "".join(letter if letter.isprintable() else "?" for letter in name)


def _let_any_name_be_printed() -> None:
    """Print a file name that the terminal's alphabet lacks in numbers rather than fail."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    sys.exit(main())
