"""Classify lesions from the command line: `python -m mammo.predict FILE...`.

    python -m mammo.predict crop.png other.png               ready crops, used whole
    python -m mammo.predict FOLDER                           every picture in it and below
    python -m mammo.predict film.dcm --box 1200,800,300,280  a film; the lesion's box
    python -m mammo.predict film.dcm --window 1140,730,420,420   a film; the exact square
    python -m mammo.predict --example all                    the ten installed example lesions
    ... --model mobilenetv2 --csv OUT.csv --heatmap DIR --report DIR

One line a lesion on standard output, tab-separated: the file, then for each model the calibrated
probability of malignancy and where it stands to the model's Youden threshold, "not sure" where the
mirror images of the crop stand on both sides of it. All else goes to standard error. A file that
cannot be classified and an output that cannot be written end nothing else. Exit status: 0 all
classified and written, 1 some were not, 2 wrong usage (also an output that would replace a file
that mammo did not write).
"""

import argparse
import io
import math
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from mammo.artifacts import load_manifest
from mammo.errors import DataError, MammoError, SettingsError, WindowError, sentence_of
from mammo.imaging import Image, cut_lesion, lesion_window, quality_warnings, read_image
from mammo.imaging.region import looks_like_crop
from mammo.inference import Classifier, load_classifier
from mammo.inference.trust import Trust, load_trust
from mammo.report.case_report import measure_thresholds
from mammo.reports import ReportFolder
from mammo.results import HeatMapFolder, Region, Result, ResultTable, Source, line_of
from mammo.settings import MODELS
from mammo.sources import example_sources, file_sources
from mammo.text import NOTICE_SHORT

Output = Callable[[Result], object]


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
        _close_standard_output()  # who read the lines has seen enough
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
    """Classify one lesion with each model; whatever is wrong with its file becomes a sentence.

    With `trust`, and its model among the classifiers, a picture that does not look like a mammogram
    crop is named as doubtful.
    """
    if source.fault:
        return Result(source, error=source.fault)
    try:
        return _classified(source, classifiers, trust)
    except Exception as error:  # noqa: BLE001  no file may end the others
        return Result(source, error=sentence_of(error))


def _classified(source: Source, classifiers: Sequence[Classifier], trust: Trust | None) -> Result:
    film = _film(source.path)
    source_side = _side_on_film(source, film)
    crops = {
        model.name: cut_lesion(film, source.box, window=source.window, size=model.card.crop_size)
        for model in classifiers
    }
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


def _run(options: argparse.Namespace) -> int:
    _film.cache_clear()  # a file may have changed since another call in this process
    sources = example_sources(options.example)
    sources += file_sources(options.files, options.box, options.window)
    if not sources:
        raise DataError("Expected DICOM files or pictures in the folder, found none.")
    classifiers = _classifiers(options.model, options.artifacts)
    trust = load_trust(options.artifacts)
    failed = unwritten = 0
    with _outputs(options, classifiers, trust) as outputs:
        _say(NOTICE_SHORT)
        for source in sources:
            result = predict_source(source, classifiers, trust)
            for sentence in (result.error, *result.doubts):
                if sentence:
                    _say(f"{source.name}: {sentence}")
            failed += bool(result.error)
            unwritten += _write(result, outputs)
    if failed:
        _say(f"{failed} of {len(sources)} could not be classified.")
    if unwritten:
        _say("Not all results could be written; the sentences above name them.")
    return 1 if failed or unwritten else 0


@contextmanager
def _outputs(
    options: argparse.Namespace, classifiers: Sequence[Classifier], trust: Trust | None
) -> Iterator[list[Output]]:
    """Open what the results are written to; the table last, because it takes the others' faults."""
    cards = [model.card for model in classifiers]
    table = ResultTable(options.csv, cards) if options.csv else None
    outputs: list[Output] = [_print_line]
    if options.heatmap:
        outputs.append(HeatMapFolder(options.heatmap, cards).draw)
    if options.report:
        made_by = load_manifest(options.artifacts)
        measured = measure_thresholds(cards, options.artifacts)
        reports = ReportFolder(options.report, classifiers, made_by, measured, trust)

        def write_report(result: Result) -> None:
            if not result.error:
                reports.write(result, _film(result.source.path))

        outputs.append(write_report)
    try:
        yield [*outputs, table.add] if table else outputs
    finally:
        if table:
            table.close()


def _write(result: Result, outputs: Sequence[Output]) -> int:
    """Write a result to each output; return how many did not take it."""
    faults: list[str] = []
    for write in outputs:
        try:
            write(replace(result, doubts=(*result.doubts, *faults)))
        except BrokenPipeError:
            raise
        except Exception as error:  # noqa: BLE001  no output may end the others
            faults.append(sentence_of(error))
            _say(f"{result.source.name}: {faults[-1]}")
    return len(faults)


def _print_line(result: Result) -> None:
    if result.error:
        return
    try:
        print(line_of(result), flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        _close_standard_output()
        raise DataError(f"Standard output takes no more lines ({error.strerror}).") from error


def _close_standard_output() -> None:
    """Lead standard output nowhere; Python must not try to flush the rest at its exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


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


def _say(sentence: str) -> None:
    with suppress(OSError):
        print(f"mammo.predict: {sentence}", file=sys.stderr, flush=True)


def _region(text: str) -> Region:
    try:
        x, y, width, height = (float(number) for number in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected four numbers x,y,w,h in film pixels, received {text!r}"
        ) from None
    return x, y, width, height


def _let_any_name_be_printed() -> None:
    """Print a file name that the terminal's alphabet lacks in numbers rather than fail."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    sys.exit(main())
