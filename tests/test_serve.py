"""The HTTP service: the library's numbers, sentences for whatever else is sent, nothing on disk."""

import csv
import json
import re
import shlex
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uvicorn
from jsonschema import Draft202012Validator
from starlette.formparsers import MultiPartParser

import mammo
from benchmarks.http_strangers import (
    PATH,
    TYPES,
    Request,
    Served,
    form,
    measure,
    post,
    sent,
    serving,
)
from mammo import serve
from mammo.imaging.region import box_in_window
from mammo.imaging.worker import Decoder
from mammo.predict import main as predict
from tests.imaging.makers import picture_bytes
from tests.test_house import ROOT
from tests.tiny_artifacts import write_tiny_artifacts

Parts = list[tuple[str, str | None, bytes]]
CROP = picture_bytes(
    np.arange(128 * 128, dtype=np.uint32).reshape(128, 128).astype(np.uint8), "PNG"
)
FILM = picture_bytes(np.zeros((900, 500), np.uint8), "PNG")


@pytest.fixture(scope="module")
def service() -> Iterator[Served]:
    """The released models, served by the command."""
    with serving() as served:
        yield served


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Tiny models, served in this process, so that a test can change a limit."""
    if original := getattr(MultiPartParser, "parse_at_once", None):  # a page was drawn before
        MultiPartParser.parse = original
        del MultiPartParser.parse_at_once
    models = mammo.load_models(write_tiny_artifacts(tmp_path_factory.mktemp("tiny") / "artifacts"))
    with socket.create_server(("127.0.0.1", 0)) as listening, closing(Decoder()) as decoder:
        config = uvicorn.Config(serve.build_service(models, decoder), log_level="critical")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        yield listening.getsockname()[1]
        server.should_exit = True
        thread.join()


def ask(port: int, parts: Parts, kind: str = TYPES[0]) -> tuple[int, dict[str, Any]]:
    status, body = sent(port, Request(post(form(parts), kind), is_whole=True))
    return status, json.loads(body)


def example(number: int) -> tuple[Parts, mammo.Lesion, Path, str]:
    """Return an example lesion as parts of a form, as a Lesion, and as words of the command."""
    found = mammo.example_lesions()[number]
    box = box_in_window(found.window)
    words = ",".join(map(str, box))
    parts: Parts = [
        ("file", found.film.name, found.film.read_bytes()),
        ("box", None, words.encode()),
    ]
    film = mammo.read_image(found.film)
    return parts, mammo.Lesion(film, box=box), found.film, words


def test_the_command_python_and_http_give_one_number(service: Served, tmp_path: Path) -> None:
    parts, lesion, film, box = example(6)
    status, answer = ask(service.port, parts)
    result = mammo.load_models().assess(lesion)
    assert status == 200
    assert predict([str(film), "--box", box, "--csv", str(tmp_path / "out.csv")]) == 0
    with (tmp_path / "out.csv").open(newline="", encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    for name in ("simple_cnn", "mobilenetv2"):
        p = result[name].probability
        assert answer["models"][name]["p_malignant"] == p == float(row[f"{name}_p_malignant"])
    assert answer["doubts"] == list(result.remarks) and answer["notice"]


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_the_calls_in_the_documents_work(service: Served) -> None:
    text = (ROOT / "docs/deployment.md").read_text(encoding="utf-8")
    calls = re.findall(r"^curl .*", text, re.MULTILINE)
    cc, mlo = (str(lesion.film) for lesion in mammo.example_lesions()[:2])
    places = {"film.dcm": cc, "cc.dcm": cc, "mlo.dcm": mlo, ":8502/": f":{service.port}/"}
    forms = []
    for call in calls:
        words = re.sub("|".join(places), lambda found: places[found[0]], call)
        done = subprocess.run([*shlex.split(words), "--silent"], capture_output=True, text=True)
        forms.append(json.loads(done.stdout)["form"])
    assert forms == ["film with box", "two views"]


def test_two_views_give_the_library_s_answer(service: Served) -> None:
    (cc, first, *_), (mlo, second, *_) = example(6), example(7)
    status, answer = ask(service.port, [*cc, *mlo])
    assert status == 200
    result = mammo.load_models().assess(first, second).to_dict()
    assert answer["form"] == "two views"
    assert answer["models"] == result["models"]


def test_parallel_requests_get_their_own_answers(service: Served) -> None:
    asked = {number: example(number)[0] for number in (0, 6)}
    alone = {number: ask(service.port, parts) for number, parts in asked.items()}
    assert alone[0][1]["models"] != alone[6][1]["models"]
    numbers = [0, 6] * 6
    with ThreadPoolExecutor(6) as pool:
        together = list(pool.map(lambda number: ask(service.port, asked[number]), numbers))
    assert together == [alone[number] for number in numbers]


def test_the_document_describes_the_answers(service: Served) -> None:
    status, body = sent(service.port, Request(post(b"", method="GET", path="/openapi.json"), True))
    document = json.loads(body)
    assert (status, document["info"]["version"]) == (200, mammo.__version__)
    (cc, *_), (mlo, *_) = example(6), example(7)
    for parts, schema in (
        ([*cc, *mlo], "Result"),
        ([("file", "a.png", CROP)], "Result"),
        ([("file", "a.png", b"")], "Error"),
    ):
        of_schema = {"$ref": f"#/components/schemas/{schema}", **document}
        Draft202012Validator(of_schema).validate(ask(service.port, parts)[1])


def test_health_names_the_models(service: Served) -> None:
    status, body = sent(service.port, Request(post(b"", method="GET", path="/healthz"), True))
    known = {"status": "ok", "version": mammo.__version__, "models": ["simple_cnn", "mobilenetv2"]}
    assert (status, json.loads(body)) == (200, known)


@pytest.mark.parametrize(
    ("parts", "status", "words"),
    [
        ([], 422, "Received: no field"),
        ([("files", "a.png", CROP)], 422, "Received: the fields 'files'"),
        ([("file", None, CROP[:50])], 422, "with one field file"),
        ([("file", "a.png", CROP)] * 3, 400, "Maximum number of files is 2"),
        ([("file", "a.png", CROP), ("box", None, b"1,2,3,4"), ("box", None, b"")], 422, "file"),
        ([("file", "a.png", CROP), ("box", None, b"1,2,3")], 422, "four numbers x,y,w,h"),
        ([("file", "a.png", FILM), ("box", None, b"nan,2,3,4")], 422, "box"),
        ([("file", "a.png", FILM), ("box", None, b"800,2,300,4")], 422, "box"),
        ([("file", "a.png", FILM), ("box", None, b"1" * 300)], 400, "another form"),
        ([("file", "a.png", FILM)], 422, "Mark the lesion with a field box"),
        ([("file", "a.png", b"")], 422, "empty"),
        ([("file", "a.png", b"words")], 422, "received"),
        ([("file", "L CC.png", CROP), ("file", "R CC.png", CROP)], 422, "the CC and the MLO view"),
    ],
)
def test_what_cannot_be_classified_gets_a_sentence(
    port: int, parts: Parts, status: int, words: str
) -> None:
    answered, body = ask(port, parts)
    assert answered == status, body
    assert set(body) == {"error"} and words in body["error"]


@pytest.mark.parametrize(
    ("request_bytes", "status", "words"),
    [
        (post(b"{}", "application/json"), 415, "content type 'application/json'"),
        (post(b"words"), 400, "another form"),
        (post(b"", "multipart/form-data"), 400, "another form"),
        (post(form([("file", "a", b"x")])[:-30]), 422, "no field"),
        (post(b"", method="GET"), 405, "Received: GET"),
        (post(b"", path="/api/v2/classify"), 404, "another address"),
        (post(b"x" * 3_000_000, path=PATH + "/"), 404, "another address"),
    ],
)
def test_other_requests_get_a_status_and_a_sentence(
    port: int, request_bytes: bytes, status: int, words: str
) -> None:
    answered, body = sent(port, Request(request_bytes, is_whole=True))
    assert answered == status
    assert words in json.loads(body)["error"]


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(
    ("limit", "bytes_", "status"),
    [("FILE_BYTES", 900_000, 413), ("FORM_BYTES", 900_000, 413), ("ALL_BYTES", 900_000, 503)],
)
def test_the_bytes_that_arrive_are_counted(
    port: int, monkeypatch: pytest.MonkeyPatch, limit: str, bytes_: int, status: int, chunked: bool
) -> None:
    monkeypatch.setattr(serve, limit, bytes_)
    whole = post(form([("file", "a.png", bytes(1_000_000))]))
    if chunked:  # says nothing of its length
        head, _, body = whole.partition(b"\r\n\r\n")
        head = head.replace(b"Content-Length: %d" % len(body), b"Transfer-Encoding: chunked")
        whole = head + b"\r\n\r\n%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n"
    answered, body = sent(port, Request(whole, is_whole=True))
    assert (answered, set(json.loads(body))) == (status, {"error"})
    monkeypatch.undo()
    assert ask(port, [("file", "a.png", CROP)])[0] == 200, "what was counted is given back"


def test_a_full_server_asks_to_come_back(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "MOST_REQUESTS", 0)
    status, body = ask(port, [("file", "a.png", CROP)])
    assert status == 503 and "Send the request again" in body["error"]


def test_a_form_that_never_ends_is_given_up(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "SECONDS_TO_RECEIVE", 0.3)
    unfinished = post(form([("file", "a.png", CROP)]))[:-40]
    status, body = sent(port, Request(unfinished, is_whole=True))
    assert status == 408 and "Expected the whole form within" in json.loads(body)["error"]


def test_a_client_that_leaves_costs_nothing(port: int) -> None:
    whole = post(form([("file", "a.png", bytes(3_000_000))]))
    for length in (len(whole) // 2, len(whole)):
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(whole[:length])
    deadline = time.monotonic() + 60
    while ask(port, [("file", "a.png", CROP)])[0] != 200:
        assert time.monotonic() < deadline


def test_nothing_is_written_to_a_file(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_given: object, **_named: object) -> None:
        raise AssertionError("a part of the form went to a file")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    film = picture_bytes(np.random.default_rng(0).integers(0, 256, (2000, 2000), np.uint8), "BMP")
    assert len(film) > 2_000_000
    assert ask(port, [("file", "a.bmp", film), ("box", None, b"100,100,300,300")])[0] == 200


def test_a_defect_shows_no_trace(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_given: object) -> None:
        raise RuntimeError("of somebody's file")

    monkeypatch.setattr(serve, "name_film", fail)
    status, body = ask(port, [("file", "a.png", CROP)])
    assert status == 500 and "a defect in mammo (RuntimeError)" in body["error"]
    assert "somebody" not in body["error"]


def test_hostile_requests_get_sentences_and_leave_nothing() -> None:
    """A slice of `benchmarks/http_strangers.py`, whose result is that of ten thousand."""
    found = measure(requests=300, seed=20)
    assert found["findings"] == []
    assert found["log"] == [] and found["files_left"] == []
    assert found["answers_the_same"]
    assert {"200", "400", "404", "405", "415", "422"} <= set(found["statuses"])


def test_the_command_ends_with_a_sentence_where_it_cannot_serve(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert serve.main(["--artifacts", str(tmp_path)]) == 1
    assert "not a complete artifacts folder" in capsys.readouterr().err
    with socket.create_server(("127.0.0.1", 0)) as taken:
        tiny = str(write_tiny_artifacts(tmp_path / "artifacts"))
        port = str(taken.getsockname()[1])
        assert serve.main(["--artifacts", tiny, "--port", port]) == 1
    assert "expect a free address" in capsys.readouterr().err
