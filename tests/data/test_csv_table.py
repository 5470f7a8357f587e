"""One reader for every table: what any spreadsheet saves, and each refusal by its reason."""

import csv
import io
import tracemalloc

import pandas as pd
import pytest

from mammo.artifacts.contents import read_rows
from mammo.data.csv_table import harmless, read_csv_table
from mammo.data.preparation.case_files import read_case_file
from mammo.data.table import load_crops
from mammo.errors import ArtifactError, DataError
from tools.experiments.log import read_scores


def encoded(rows, separator=",", line_end="\n", quoted=False):
    text = io.StringIO(newline="")
    style = csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL
    writer = csv.writer(text, delimiter=separator, lineterminator=line_end, quoting=style)
    writer.writerows(rows)
    return text.getvalue()


def as_saved(rows):
    """The same values as spreadsheets of several locales save them."""
    german = [[_german(cell) for cell in row] for row in rows]
    wide = [[*row, "", ""] for row in rows] + [[""] * (len(rows[0]) + 2)] * 3
    reordered = [row[::-1] for row in rows]
    spelled = [[f" {name.upper()} ".replace("_", " ") for name in rows[0]], *rows[1:]]
    padded = [rows[0], *([f"\u00a0{cell} " for cell in row] for row in rows[1:])]
    comma, semicolon = encoded(rows), encoded(german, ";")
    return {
        "plain": comma.encode(),
        "byte order mark": comma.encode("utf-8-sig"),
        "German": semicolon.encode("cp1252"),
        "German with CRLF": encoded(german, ";", "\r\n").encode("utf-8-sig"),
        "old Macintosh": encoded(rows, line_end="\r").encode(),
        "Unicode text": encoded(german, "\t", "\r\n").encode("utf-16"),
        "Unicode text, big end first": b"\xfe\xff" + encoded(rows, "\t").encode("utf-16-be"),
        "separator stated": ("sep=;\r\n" + semicolon).encode(),
        "all quoted": encoded(rows, quoted=True).encode(),
        "empty columns and rows": encoded(wide, ";").encode(),
        "empty columns unnamed in the header": comma.replace("\n", ",\n").encode(),
        "blank lines": comma.replace("\n", "\n\n").encode(),
        "other order": encoded(reordered).encode(),
        "names in capitals": encoded(spelled).encode(),
        "blanks around": encoded(padded).encode(),
        "numbered rows": encoded([[str(n or ""), *row] for n, row in enumerate(rows)]).encode(),
    }


def _german(cell):
    return cell.replace(".", ",") if cell.replace(".", "", 1).isdigit() else cell


@pytest.fixture
def rows(prepared):
    return list(csv.reader(io.StringIO((prepared / "index.csv").read_text(), newline="")))


def test_the_index_of_any_spreadsheet_gives_the_same_table(prepared, rows):
    expected = load_crops(prepared).drop(columns="line")
    for name, content in as_saved(rows).items():
        (prepared / "index.csv").write_bytes(content)
        read = load_crops(prepared).drop(columns="line")
        pd.testing.assert_frame_equal(read[expected.columns], expected, obj=name)


def test_the_rows_of_any_spreadsheet_are_the_same(rows):
    for name, content in as_saved(rows).items():
        if not name.startswith(("German", "Unicode text")):
            table = [[row[column] for column in rows[0]] for row in read_csv_table(content).rows]
            assert table == rows[1:], name


def test_texts_that_join_rows_are_written_in_one_way(prepared, rows):
    expected = load_crops(prepared)
    place = {name: number for number, name in enumerate(rows[0])}
    for row in rows[1::2]:
        for name in ("pathology", "laterality", "view"):
            row[place[name]] = f" {row[place[name]].capitalize()}\u00a0"
        row[place["patient_id"]] = f"\u00a0{row[place['patient_id']]} "
        row[place["split"]] = row[place["split"]].upper()
        row[place["breast_density"]] += ",0"
    (prepared / "index.csv").write_text(encoded(rows))
    pd.testing.assert_frame_equal(load_crops(prepared), expected)
    without = encoded(rows).replace("Benign", "benign without callback")
    (prepared / "index.csv").write_text(without)
    assert "BENIGN_WITHOUT_CALLBACK" in set(load_crops(prepared)["pathology"])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"PK\x03\x04rest", "is an Excel or OpenDocument workbook.*save it as CSV"),
        (b"\x89PNG\r\n\x1a\n\0\0", "not text in UTF-8"),
        (b"", "expected a header line, received an empty file"),
        (b'a,b\n"1,2\n', "quotation marks"),
        (b"a,b\n\n1,2,3\n", "Line 3 .*value in cell 3.*names no column: '3'"),
        (b"a,b,A \n1,2,3\n", "names the column 'a' twice"),
    ],
)
def test_a_table_that_is_none_is_refused_by_its_reason(content, says):
    with pytest.raises(DataError, match=says):
        read_csv_table(content)


def test_no_more_is_read_than_the_bound(tmp_path, monkeypatch):
    (tmp_path / "t.csv").write_bytes(b"a,b\n1,2\n")
    with monkeypatch.context() as bounded:
        bounded.setattr("mammo.data.csv_table.LARGEST_BYTES", 5)
        with pytest.raises(DataError, match="too large"):
            read_csv_table(tmp_path / "t.csv")
    with pytest.raises(DataError, match="expected a file"):
        read_csv_table(tmp_path)
    with pytest.raises(DataError, match="No such file"):
        read_csv_table(tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("breast_density", "1,318", r"Row 9 .*whole number.*Received: breast_density='1,318'"),
        ("breast_density", "1,318.0", r"Row 9 .*separator of thousands"),
        ("breast_density", "50%", r"Row 9 .*percentage"),
        ("breast_density", "04.Mai", r"Row 9 .*a date"),
        ("breast_density", "2024-05-04", r"Row 9 .*a date"),
        ("patient_id", "#REF!", r"Row 9 .*spreadsheet error"),
        ("patient_id", "#NV", r"Row 9 .*no file or patient"),
        ("file", "crops/" + "a" * 300 + ".png", r"Row 9 .*does not exist"),
        ("file", "crops/\x1fa.png", "not text"),
    ],
)
def test_a_wrong_cell_is_named_on_the_line_of_an_editor(prepared, rows, column, value, says):
    rows[4][rows[0].index(column)] = value
    (prepared / "index.csv").write_text(encoded(rows).replace("\n", "\n\n"))
    with pytest.raises(DataError, match=says):
        load_crops(prepared)


def test_the_artifacts_table_is_read_the_same_but_whole(tmp_path):
    assert read_rows(b"\xef\xbb\xbfcase_id;p\r\nA;0,5\r\n", tmp_path) == [
        {"case_id": "A", "p": "0,5"}
    ]
    with pytest.raises(ArtifactError, match="Line 2 .* should have 2 cells"):
        read_rows(b"case_id,p\nA\n", tmp_path)


def test_scores_of_an_experiment_pass_a_spreadsheet(tmp_path):
    (tmp_path / "wide.csv").write_bytes(b"case_id;fold;logit\r\nA;0;-1,25\r\nB;1;\xe2\x88\x922\r\n")
    assert read_scores("wide", tmp_path).to_dict() == {"A": -1.25, "B": -2.0}
    (tmp_path / "wide.csv").write_bytes(b"case_id;logit\nA;12%\n")
    with pytest.raises(DataError, match=r"Line 2 .*percentage"):
        read_scores("wide", tmp_path)


def test_a_case_file_passes_a_spreadsheet(tmp_path):
    path = "Mass-Training_P_00001_LEFT_CC{}/1.2/1.3{}/000000.dcm"
    row = {
        "patient_id": "P_00001", "breast_density": "3", "left or right breast": "left",
        "image view": "cc", "abnormality id": "1,0", "abnormality type": "mass",
        "mass shape": "OVAL", "mass margins": "CIRCUMSCRIBED", "assessment": "4",
        "pathology": "Benign without callback", "subtlety": "4",
        "image file path": path.format("", 1), "cropped image file path": path.format("_1", 2),
        "ROI mask file path": path.format("_1", 3) + "\n",
    }  # fmt: skip
    file = tmp_path / "mass.csv"
    file.write_text("\n" + encoded([[*row], [*row.values()]], ";"), encoding="utf-16")
    (read,) = read_case_file(file, ("mass", "train"))
    assert (read.key, read.pathology) == (
        "Mass-Training_P_00001_LEFT_CC_1", "BENIGN_WITHOUT_CALLBACK",
    )  # fmt: skip
    file.write_text("\n" + encoded([[*row], [*row.values()]], ";").replace("1,0", "1.Mai"))
    with pytest.raises(DataError, match=r"Row 3 of mass\.csv"):
        read_case_file(file, ("mass", "train"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"file," + b"x" * 200_000 + b"\na.png,b\n", "field larger"),
        (b"file" + b"," * 100_000 + b"\n" + b"a.png\n" * 200, "at most 10,000,000 cells"),
        (b"file,patient_id\na.png,b\n", "Missing: pathology"),
    ],
    ids=["a header cell of 200 kB", "100,000 columns", "a column too few"],
)
def test_a_header_of_any_size_has_a_sentence(content, words):
    with pytest.raises(DataError, match=words):
        read_csv_table(content, needed=("file", "pathology"))


def test_a_million_blank_lines_cost_no_memory():
    tracemalloc.start()
    table = read_csv_table(b"file\n" + b"\n" * 1_000_000 + b"a.png\n")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (table.lines, peak < 20_000_000) == ((1_000_002,), True)


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1", "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n1", "  =1", '"=1"',
        "'=1", '" @A1', "\uff1d1", "-1e", "-0.05 (=1)", "\ttext", "--1", "+0.05 (-0.10 to 0.01) =1",
    ],
)  # fmt: skip
def test_a_formula_stands_behind_an_apostrophe(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"


@pytest.mark.parametrize(
    "cell",
    ["", "film.dcm", "-5", "+0.05", "-0.1234", "-1e-05", "0.5", "-0.09 (-0.15 to -0.02)",
     "+0.05 (+0.01 to +0.10); p = 0.02", "a=1", "1 - 2", "+0.50 (too few cases for an interval)"],
)  # fmt: skip
def test_figures_and_words_stay(cell: str) -> None:
    assert harmless(cell) == cell
