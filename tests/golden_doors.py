"""What each public door of mammo answers, as plain values that `tests/golden` keeps.

Only public doors: commands by `python -m mammo.…`, pages by AppTest, the names of `mammo`. The
words of a page are in the order of the page; no key of a widget is used, only its label.
"""

import base64
import csv
import html.parser
import json
import lzma
import os
import platform
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Picture
from streamlit.delta_generator import DeltaGenerator
from streamlit.testing.v1 import AppTest

import mammo
from tests.conftest import write_prepared
from tools.sentences import texts

ROOT = Path(__file__).resolve().parents[1]
GOLDEN = Path(__file__).parent / "golden"
MODELS = ("simple_cnn", "mobilenetv2")
METHODS = ("occlusion", "score-cam", "blur-path")
UPLOAD, VIEWER = "pages/1_Upload_and_classify.py", "pages/4_Grad-CAM_viewer.py"
INSTRUCTIONS = ("avx", "avx2", "fma", "avx512f", "avx512_vnni", "avx_vnni", "amx_tile")

Record = dict[str, Any]


def kind() -> str:
    """Name what the last digits of a network's answer depend on."""
    from onnxruntime import __version__ as served_by

    info = Path("/proc/cpuinfo")
    flags = set(info.read_text().split()) if info.exists() else set()
    known = " ".join(one for one in INSTRUCTIONS if one in flags) or platform.processor()
    return f"{platform.system()} {platform.machine()}: {known}; onnxruntime {served_by}"


def trained_by() -> str:
    """Name what a training's figures depend on."""
    from importlib.metadata import version

    return f"{kind()}; tensorflow {version('tensorflow')}; keras {version('keras')}"


# --- commands


def command(name: str, *arguments: object, folder: Path, status: int = 0) -> tuple[str, str]:
    """Run `python -m mammo.NAME` in a folder and return what it prints and says."""
    environment = {key: text for key, text in os.environ.items() if not key.startswith("MAMMO_")}
    environment["PYTHONPATH"] = str(ROOT)
    done = subprocess.run(
        [sys.executable, "-m", f"mammo.{name}", *map(str, arguments)],
        cwd=folder, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == status, done.stderr
    return plain(done.stdout, folder), plain(done.stderr, folder)


def plain(text: str, folder: Path) -> str:
    """Take the day, the folder and the checksums of networks out of a text."""
    now = datetime.now(UTC)
    for day in (now, now - timedelta(days=1)):
        text = text.replace(day.date().isoformat(), "<today>")
    return re.sub(r"\b[0-9a-f]{12}\b", "<sha>", text.replace(str(folder), "<folder>"))


def rows(text: str, folder: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(plain(text, folder))))


def predicted(folder: Path) -> Record:
    """Run the command on the ten examples, with every output."""
    out, maps, reports = folder / "out.csv", folder / "maps", folder / "reports"
    arguments = ["--example", "all", "--csv", out, "--heatmap", maps, "--report", reports]
    printed, said = command("predict", *arguments, folder=folder)
    pages = sorted(reports.glob("*.html"))
    return {
        "stdout": printed.splitlines(),
        "stderr": said.splitlines(),
        "csv": rows(out.read_text("utf-8"), folder),
        "files": sorted(path.name for path in (*maps.iterdir(), *reports.iterdir())),
        "reports": {page.stem: seen(page.read_text("utf-8"), folder) for page in pages},
        "maps": {page.stem: drawn_maps(page.read_text("utf-8")) for page in pages},
    }


class _Visible(html.parser.HTMLParser):
    """Collect what a reader of an HTML page sees or hears."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self._hidden = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden = tag in ("style", "script")
        self.words += [text for name, text in attrs if name in ("alt", "aria-label") and text]

    def handle_endtag(self, tag: str) -> None:
        self._hidden = False

    def handle_data(self, data: str) -> None:
        if data.strip() and not self._hidden:
            self.words.append(" ".join(data.split()))


def seen(page: str, folder: Path) -> list[str]:
    return [plain(words, folder) for words in _Visible(page).words]


def evaluated(unit: str) -> Callable[[Path], Record]:
    """Return what `mammo.evaluate` writes and prints for one unit."""

    def door(folder: Path) -> Record:
        out = folder / "out.json"
        printed, said = command("evaluate", "--unit", unit, "--json", out, folder=folder)
        return {"json": json.loads(out.read_text()), "stdout": printed.splitlines(), "stderr": said}

    return door


def trained(folder: Path) -> Record:
    """Train both models on a tiny folder, in a process of its own; the figures it leaves."""
    data, out = write_prepared(folder / "prepared"), folder / "artifacts"
    command(
        "train", "--data", data, "--out", out, "--folds", 2, "--epochs", 2, "--head-epochs", 1,
        "--input-size", 64, "--batch-size", 16, "--imagenet-weights", "none", "--distillation", 0,
        folder=folder,
    )  # fmt: skip
    figures = folder / "figures.json"
    arguments = ["--artifacts", out, "--json", figures, "--resamples", 100]
    command("evaluate", *arguments, folder=folder)
    (cases,) = out.rglob("cases.csv")
    return {
        "trained by": trained_by(),
        "cases": rows(cases.read_text(), folder),
        "evaluate": json.loads(figures.read_text()),
        "histories": {
            path.parent.name: [
                {name: cell for name, cell in row.items() if "second" not in name}
                for row in rows(path.read_text(), folder)
            ]
            for path in sorted(out.rglob("history.csv"))
        },
    }


def drawn_maps(page: str) -> list[list[list[float]]]:
    """Return the heat maps drawn in a report, each as 8 x 8 mean greys of its red channel."""
    found = re.findall(r"src='data:image/png;base64,([^']+)' alt='Heat map", page)
    files = [BytesIO(base64.b64decode(text)) for text in found]
    return [pooled(np.asarray(Picture.open(file).convert("RGB"), float)[..., 0]) for file in files]


# --- Python


@cache
def example_crops() -> dict[str, np.ndarray]:
    lesions = mammo.example_lesions()
    return {
        lesion.case_id: mammo.cut_lesion(mammo.read_image(lesion.film), window=lesion.window)
        for lesion in lesions
    }


def pooled(heat: np.ndarray) -> list[list[float]]:
    side = len(heat) // 8
    means = heat[: 8 * side, : 8 * side].reshape(8, side, 8, side).mean(axis=(1, 3))
    return [[round(float(mean), 3) for mean in row] for row in means]


def asked(folder: Path) -> Record:
    """Ask the library about the ten crops: probability, score, map; one crop by every method."""
    crops, told = example_crops(), {}
    for name in MODELS:
        model = mammo.load_classifier(name)
        batch = np.stack(list(crops.values()))
        told[name] = {
            "predict": dict(zip(crops, map(float, model.predict(batch)), strict=True)),
            "score": dict(zip(crops, map(float, model.score(batch)), strict=True)),
            "explain": {case: pooled(model.explain(crop)) for case, crop in crops.items()},
            "shape": list(model.explain(batch[0]).shape),
            "methods": {how: pooled(model.explain(batch[6], how)) for how in METHODS},
        }
    return told | {"crop sums": {case: int(crop.sum()) for case, crop in crops.items()}}


# --- pages


class Visit:
    """A visit to the app, the notice accepted; files offered for download are kept by label."""

    def __init__(self, monkeypatch: Any, page: str) -> None:
        for name in [name for name in os.environ if name.startswith("MAMMO_")]:
            monkeypatch.delenv(name)
        self._offered: dict[tuple[str, str], Any] = {}
        offer = DeltaGenerator._download_button

        def spy(where: Any, label: str, data: Any, *others: Any, **more: Any) -> bool:
            self._offered[label, str(more.get("key"))] = data
            return offer(where, label, data, *others, **more)

        monkeypatch.setattr(DeltaGenerator, "_download_button", spy)
        self.page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()
        self.page.switch_page(page).run()
        accept = [button for button in self.page.button if button.label.startswith("I understand")]
        if accept:
            accept[0].click().run()

    def set(self, kind: str, label: str, value: Any) -> "Visit":
        (widget,) = [one for one in self.page.get(kind) if one.label == label]
        self._offered.clear()
        widget.set_value(value).run()
        assert not self.page.exception
        return self

    def words(self) -> list[str]:
        return [" ".join(text.split()) for text in texts(self.page.main)]

    def download(self, label: str) -> str:
        (text,) = self.downloads(label)
        return text

    def downloads(self, label: str) -> list[str]:
        offered = [data for (name, _), data in self._offered.items() if name == label]
        return [(data() if callable(data) else data).decode("utf-8") for data in offered]


def uploaded(folder: Path, monkeypatch: Any) -> Record:
    """Open each example on the upload page: its words, its CSV; once with all that can be asked."""
    visit, told = Visit(monkeypatch, UPLOAD), {}
    (choice,) = [one for one in visit.page.get("button_group") if one.label == "Example lesion"]
    names = dict(zip(choice.options, example_crops(), strict=True))
    for name, case in names.items():
        visit.set("button_group", "Example lesion", name)
        (row,) = rows(visit.download("Download as CSV"), folder)
        report = seen(visit.download("Case report (HTML)"), folder)
        told[case] = {"words": visit.words(), "csv": row, "report": report}
    visit.set("toggle", "Show the recorded diagnosis", True)
    visit.set("segmented_control", "Threshold", "Sensitivity 90%")
    report = seen(visit.download("Case report (HTML)"), folder)
    return {"examples": told, "asked": {"words": visit.words(), "report": report}}


def odd_files() -> dict[str, bytes]:
    """Files about which a door has something to say: doubts, refusals, a hostile name."""
    crop = next(iter(example_crops().values()))
    noise = np.random.default_rng(0).integers(0, 256, (128, 128)).astype(np.uint8)
    pictures = {
        "=1+1.png": crop,
        "flat.png": (100 + crop // 64).astype(np.uint8),
        "inverted.png": 255 - crop // 2,
        "noise.png": noise,
        "oblong.png": np.pad(crop, ((0, 10), (0, 0)), mode="edge"),
        "small.png": crop[32:80, 32:80],
        "film.png": np.pad(crop, ((0, 1200), (0, 900)), mode="reflect"),
    }
    return {name: _png(pixels) for name, pixels in pictures.items()} | {"broken.png": b"no picture"}


def _png(pixels: np.ndarray) -> bytes:
    file = BytesIO()
    Picture.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def crop_files() -> dict[str, bytes]:
    return {f"{case}.png": _png(crop) for case, crop in example_crops().items()}


def batched(files: Callable[[], dict[str, bytes]]) -> Callable[[Path, Any], Record]:
    """Return what the upload page and the command say of the same crops at once."""

    def door(folder: Path, monkeypatch: Any) -> Record:
        visit = Visit(monkeypatch, UPLOAD).set("segmented_control", "Picture", "My own files")
        given = files()
        dropped = [(name, data, "image/png") for name, data in given.items()]
        visit.set("file_uploader", "Mammograms or crops", dropped)
        page = rows(visit.download("Download as CSV"), folder)
        for name, data in given.items():
            (folder / name).write_bytes(data)
        out = folder / "out.csv"
        status = int("broken.png" in given)
        said = command("predict", *given, "--csv", out, folder=folder, status=status)[1]
        return {
            "words": visit.words(),
            "page csv": page,
            "stderr": said.splitlines(),
            "command csv": rows(out.read_text("utf-8"), folder),
        }

    return door


def viewed(folder: Path, monkeypatch: Any) -> Record:
    """Look at three examples on the viewer page."""
    visit, told = Visit(monkeypatch, VIEWER), {}
    cases = list(example_crops())
    for case in (cases[0], cases[6], cases[8]):
        visit.set("selectbox", f"Case, of {len(cases)}", case)
        report = seen(visit.download("Case report (HTML)"), folder)
        told[case] = {"words": visit.words(), "report": report}
    visit.set("toggle", "Show the recorded diagnosis", True)
    report = seen(visit.download("Case report (HTML)"), folder)
    answers = {"examples": told, "asked": {"words": visit.words(), "report": report}}
    for section in ("methods", "robustness", "inside", "similar", "tests"):
        visit.set("button_group", "Analysis", section)
        csvs = [text.splitlines() for text in visit.downloads("Download as CSV")]
        answers[section] = {"words": visit.words(), "csvs": csvs}
    return answers


def other_pages(folder: Path, monkeypatch: Any) -> Record:
    """Open the other pages as they first are."""
    visit = Visit(monkeypatch, UPLOAD)
    told = {"app.py": visit.page.switch_page("app.py").run() and visit.words()}
    for page in sorted(path.name for path in (ROOT / "pages").glob("[23 6]_*.py")):
        visit.page.switch_page(f"pages/{page}").run()
        assert not visit.page.exception
        told[page] = visit.words()
    return told


DOORS: dict[str, Callable[..., Record]] = {
    "predict": predicted,
    "python": asked,
    "upload": uploaded,
    "batch": batched(crop_files),
    "odd": batched(odd_files),
    "viewer": viewed,
    "pages": other_pages,
    "evaluate-crop": evaluated("crop"),
    "evaluate-lesion": evaluated("lesion"),
    "train": trained,
}


def ask_door(name: str, folder: Path, monkeypatch: Any) -> Record:
    """Ask one door; `folder` is an empty one that it may fill."""
    door = DOORS[name]
    taken = "monkeypatch" in door.__code__.co_varnames[: door.__code__.co_argcount]
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))  # no images that were downloaded here
    return door(folder, monkeypatch) if taken else door(folder)


# --- what is kept


def keep(name: str, record: Record) -> None:
    """Write a record: the words and figures of a page a line each, the rest packed."""
    GOLDEN.mkdir(exist_ok=True)
    text = json.dumps(record, indent=0, ensure_ascii=False) + "\n"
    if name.startswith(("evaluate", "train")):
        (GOLDEN / f"{name}.json.xz").write_bytes(lzma.compress(text.encode(), preset=9))
    else:
        (GOLDEN / f"{name}.json").write_text(text, "utf-8")


@cache
def read(name: str) -> Record:
    path = next(GOLDEN.glob(f"{name}.json*"))
    content = path.read_bytes()
    return dict(json.loads(lzma.decompress(content) if path.suffix == ".xz" else content))


_NUMBER = re.compile(r"(?<![\w.])-?\d+\.\d+(?:e[-+]?\d+)?|(?<![\w.])\d+(?=%)")


def differences(kept: Any, now: Any, exact: bool, where: str = "") -> Iterator[str]:
    """Name each place where two records differ.

    Floats may differ by 1e-9 of their size; where not `exact`, on another kind of processor, by
    2e-6, and a number within a text by one in its last digit.
    """
    if isinstance(kept, dict) and isinstance(now, dict):
        for key in kept.keys() | now.keys():
            if (key in kept) != (key in now):
                yield f"{where}/{key}: {'gone' if key in kept else 'new'}"
            else:
                yield from differences(kept[key], now[key], exact, f"{where}/{key}")
    elif isinstance(kept, list) and isinstance(now, list) and len(kept) == len(now):
        for number, pair in enumerate(zip(kept, now, strict=True)):
            yield from differences(*pair, exact, f"{where}[{number}]")
    elif not _same(kept, now, exact, _slack(where)):
        yield f"{where}:\n  kept {_short(kept)}\n  now  {_short(now)}"


def _slack(where: str) -> float:
    """Return how far a map's mean may be off: of 1 as values, of 255 as drawn; 0 for all else."""
    if "/explain/" in where or "/methods/" in where:
        return 2.1e-3
    return 1.0 if where.startswith("/maps/") else 0


def _same(kept: Any, now: Any, exact: bool, within: float) -> bool:
    if isinstance(kept, float) and isinstance(now, int | float):
        within = within or max(1e-9 * abs(kept), 0 if exact else 2e-6)
        return abs(kept - now) <= within
    if isinstance(kept, str) and isinstance(now, str) and kept != now and not exact:
        if _NUMBER.sub("#", kept) != _NUMBER.sub("#", now):
            return False
        pairs = zip(_NUMBER.findall(kept), _NUMBER.findall(now), strict=True)
        return all(
            abs(float(one) - float(other)) <= max(1.01 * _step(one), 2e-6) for one, other in pairs
        )
    return bool(kept == now)


def _step(number: str) -> float:
    """Return one in the last digit of a written number."""
    digits, _, exponent = number.partition("e")
    return float(10 ** (int(exponent or 0) - len(digits.partition(".")[2])))


def _short(value: Any) -> str:
    if isinstance(value, list):
        return f"{len(value)} entries: {'; '.join(map(str, value))[:3000]}"
    return str(value)[:400]
