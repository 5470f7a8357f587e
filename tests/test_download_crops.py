"""The download of the published crops against a stub that serves the real layout of paths."""

import csv
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from mammo.data.download import crops
from mammo.data.table import load_crops, read_pixels
from mammo.download import main
from tests.published_crops import made_up_cases, write_published
from tests.stub_servers import Stub, serving

N_TEST, N_TRAIN = 72, 8


@pytest.fixture
def stub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    """Serve 80 made-up crops at the address that the downloader asks."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    table = tmp_path / "crops.csv.xz"
    cases = [*made_up_cases(N_TEST), *made_up_cases(N_TEST + N_TRAIN, "train")[N_TEST:]]
    monkeypatch.setattr(crops, "TABLE", table)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with serving(Stub(write_published(table, cases))) as served:
        monkeypatch.setenv("MAMMO_CROPS_URL", served.address)
        yield served


def download(out: Path, *more: str) -> int:
    return main(["--source", "crops", "--out", str(out), *more])


def pictures(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((out / "crops").glob("*.png"))}


def test_a_half_is_complete_and_the_other_joins_it(
    stub: Stub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert download(out, "--split", "test") == 0
    assert len(load_crops(out)) == N_TEST == len(pictures(out)) == len(stub.asked)
    assert read_pixels(load_crops(out)).shape == (N_TEST, 128, 128)
    printed = capsys.readouterr().out
    assert printed.index("Apache-2.0, over CBIS-DDSM, CC BY 3.0") < printed.index("images")
    for words in (stub.address, "Osuala et al. 2024", f"{N_TEST} of {N_TEST} images",
                  f"MAMMO_DATA={out} streamlit run app.py"):  # fmt: skip
        assert words in printed
    assert download(out) == 0
    assert load_crops(out)["split"].value_counts().to_dict() == {"test": N_TEST, "train": N_TRAIN}
    assert len(stub.asked) == N_TEST + N_TRAIN, "what was there was not asked for again"
    before = (out / "index.csv").stat().st_mtime_ns
    assert download(out) == 0
    assert len(stub.asked) == N_TEST + N_TRAIN
    assert (out / "index.csv").stat().st_mtime_ns == before


def test_without_a_folder_they_go_where_the_app_finds_them(
    stub: Stub, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--source", "crops"]) == 0
    assert len(load_crops(crops.default_folder())) == N_TEST + N_TRAIN
    assert capsys.readouterr().out.endswith("Complete. Next: streamlit run app.py\n")
    with pytest.raises(SystemExit, match="2"):
        main(["--source", "idc"])


@pytest.mark.skipif(sys.platform == "win32", reason="kills as POSIX does")
def test_twenty_kills_end_as_none_does(stub: Stub, tmp_path: Path) -> None:
    assert download(tmp_path / "whole") == 0
    out, asked_before = tmp_path / "out", len(stub.asked)
    code = (
        "import sys; from pathlib import Path; from mammo.data.download import crops; "
        f"from mammo.download import main; crops.TABLE = Path({str(crops.TABLE)!r}); "
        f"sys.exit(main(['--source', 'crops', '--out', {str(out)!r}]))"
    )
    whole, kills = pictures(tmp_path / "whole"), 0
    for _ in range(20):
        with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.DEVNULL) as begun:

            def kill(begun: subprocess.Popen[bytes] = begun, n: Iterator[int] = count()) -> None:  # noqa: B008
                if next(n) == 3:
                    begun.kill()

            stub.on_get = kill
        kills += begun.returncode < 0
        assert not (out / "index.csv").exists()
        assert all(whole[name] == content for name, content in pictures(out).items())
    stub.on_get = lambda: None
    assert download(out) == 0
    assert kills == 20
    assert pictures(out) == whole
    assert (out / "index.csv").read_bytes() == (tmp_path / "whole" / "index.csv").read_bytes()
    assert len(stub.asked) - asked_before <= len(whole) + crops.AT_A_TIME * kills


@pytest.mark.parametrize("altered", [b"<html>Please log in</html>", b"", b"\0" * 10**6])
def test_altered_bytes_are_refused(
    stub: Stub, tmp_path: Path, capsys: pytest.CaptureFixture[str], altered: bytes
) -> None:
    path = sorted(stub.files)[5]
    right, stub.files[path] = stub.files[path], altered
    assert download(tmp_path / "out") == 1
    said = capsys.readouterr().err
    assert "with the SHA-256" in said and "sent another file, which was discarded" in said
    assert said.count("\n") == 1
    assert not (tmp_path / "out" / "index.csv").exists()
    assert altered not in pictures(tmp_path / "out").values()
    stub.files[path] = right
    assert download(tmp_path / "out") == 0
    assert len(load_crops(tmp_path / "out")) == N_TEST + N_TRAIN


def test_a_file_that_was_damaged_since_is_fetched_again(stub: Stub, tmp_path: Path) -> None:
    assert download(tmp_path / "out") == 0
    whole = pictures(tmp_path / "out")
    damaged, lost = sorted((tmp_path / "out" / "crops").iterdir())[:2]
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"x")
    lost.unlink()
    before = len(stub.asked)
    assert download(tmp_path / "out") == 0
    assert pictures(tmp_path / "out") == whole and len(stub.asked) == before + 2


def test_a_moved_address_and_no_connection_are_one_sentence(
    stub: Stub, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crops, "_FIRST_PAUSE", 0.01)
    stub.files = {}
    assert download(tmp_path / "out") == 1
    said = capsys.readouterr().err
    assert "answers HTTP 404" in said and "no longer at" in said
    assert "set MAMMO_CROPS_URL to the address of a copy" in said and said.count("\n") == 1
    for address in ("http://127.0.0.1:1", "http://nowhere.invalid"):
        monkeypatch.setenv("MAMMO_CROPS_URL", address)
        assert download(tmp_path / "out") == 1
        said = capsys.readouterr().err
        assert f"{address} cannot be reached (no connection)" in said
        assert "Check the connection" in said and said.count("\n") == 1
    monkeypatch.setenv("MAMMO_CROPS_URL", "mirror/crops")
    assert download(tmp_path / "out") == 1
    assert "begins with https:// or http://. Received: mirror/crops." in capsys.readouterr().err
    assert pictures(tmp_path / "out") == {} and not (tmp_path / "out" / "index.csv").exists()


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_is_waited_for_as_it_asks(
    stub: Stub, tmp_path: Path, capsys: pytest.CaptureFixture[str], status: int
) -> None:
    stub.busy, stub.busy_status, stub.retry_after = 3, status, "1"
    begun = time.monotonic()
    assert download(tmp_path / "out") == 0
    assert time.monotonic() - begun >= 1
    assert len(load_crops(tmp_path / "out")) == N_TEST + N_TRAIN
    assert "waiting 1 s" in capsys.readouterr().out
    assert len(stub.asked) == N_TEST + N_TRAIN + 3


def test_a_server_that_stays_busy_is_a_sentence(
    stub: Stub, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crops, "_FIRST_PAUSE", 0.01)
    stub.busy, stub.retry_after = 10**6, ""
    assert download(tmp_path / "out") == 1
    assert "is busy (HTTP 429). Check the connection and try again later" in capsys.readouterr().err
    stub.retry_after = "3600"
    assert download(tmp_path / "out") == 1
    assert "asks to wait 60 minutes. Try again then" in capsys.readouterr().err


def test_a_connection_that_breaks_is_taken_up_again(
    stub: Stub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crops, "_FIRST_PAUSE", 0.01)
    stub.cut, stub.cuts = 100, 5
    assert download(tmp_path / "out") == 0
    assert len(load_crops(tmp_path / "out")) == N_TEST + N_TRAIN


def test_an_index_of_an_earlier_release_gets_the_lesions_boxes(stub: Stub, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert download(out) == 0
    index, whole = out / "index.csv", (out / "index.csv").read_text(encoding="utf-8")
    lines = [line.rsplit(",", 4)[0] for line in whole.splitlines()]
    index.write_text("\n".join([*lines, ""]), encoding="utf-8")
    assert load_crops(out)["box_x"].isna().all()
    assert download(out) == 0
    assert index.read_text(encoding="utf-8") == whole
    assert load_crops(out)[["box_x", "box_width"]].to_numpy().tolist() == [[44.0, 40.0]] * (
        N_TEST + N_TRAIN
    )


def test_other_crops_are_left_alone_and_calcifications_refused(
    stub: Stub, prepared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (prepared / "index.csv").read_bytes()
    assert download(prepared) == 1
    assert "index.csv that lists other crops. Nothing was changed" in capsys.readouterr().err
    assert (prepared / "index.csv").read_bytes() == before and not stub.asked
    assert download(tmp_path / "out", "--abnormality", "calcification") == 1
    assert "masses only" in capsys.readouterr().err


def test_the_table_is_that_of_the_published_crops(real_crops: Path) -> None:
    """Paths, sizes and checksums as verified, and the index as it was prepared."""
    if not (real_crops / "upstream.csv").exists():
        pytest.skip("the addresses of the published crops (upstream.csv) are not at hand")
    with (real_crops / "upstream.csv").open(newline="", encoding="utf-8") as file:
        upstream = [tuple(row.values()) for row in csv.DictReader(file)]
    ours = [(c.file, c.split, c.path, str(c.n_bytes), c.sha256) for c in crops.published()]
    assert ours == upstream
    assert all(one.is_whole(real_crops) for one in crops.published("test"))
    header, rows = crops._table(crops.TABLE)
    without_box = [line.rsplit(",", 4)[0] for line in (header, *(one.row for one in rows))]
    assert header.endswith(",box_x,box_y,box_width,box_height")
    assert "\n".join([*without_box, ""]) == (real_crops / "index.csv").read_text(encoding="utf-8")


def test_the_table_names_the_published_paths() -> None:
    found = crops.published()
    assert [len(crops.published(split)) for split in ("train", "test", "all")] == [1318, 378, 1696]
    assert [crops.size_of(split) for split in ("test", "all")] == ["2.7 MB", "12.0 MB"]
    assert found[0].path == (
        "dataset16062024/cbis-ddsm/val/is_benign_false/patientcbis-ddsm__P_00001_image"
        "342386194811267636608694132590482924515_mass0_is_benign_0.png"
    )
    assert len({one.path for one in found}) == len({one.sha256 for one in found}) == len(found)
