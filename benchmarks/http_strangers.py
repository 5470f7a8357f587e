"""Send hostile requests to `mammo serve`: `python -m benchmarks.http_strangers`.

    python -m benchmarks.http_strangers --requests 10000 --seed 2026

Each request is made from its number and the seed: a form with a damaged file (the mutations of
`benchmarks/fuzz.py`), with odd fields, boxes, names, alphabets or boundaries, or the damaged bytes
of a whole request. Eight are sent at the same time. A finding is an answer that is neither a result
nor an error message with its status, a missing answer to a whole request, a line in the server's
log, a file in its home or temporary folder, or a good request that is answered differently
afterwards.
"""

import argparse
import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.fuzz_mutations import ANYWHERE, mutations_for
from benchmarks.fuzz_seeds import small_seeds
from benchmarks.serving import machine

RESULT = Path(__file__).with_suffix(".json")
ROOT = Path(__file__).resolve().parents[1]
PATH = "/api/v1/classify"
REFUSALS = {400, 404, 405, 408, 413, 415, 422, 503}
BOUNDARY = "mammo7d1b"
SLOWEST_S = 120.0
BOXES = (
    "10,10,40,40", "1,2,3", "", "nan,0,1,1", "inf,0,1,1", "-5,-5,20,20", "1e308,1e308,1e308,1e308",
    "0,0,0,0", "a,b,c,d", "1,2,3,4,5", "\x00,\x01,2,3", "9" * 180, "9" * 400, "1;2;3;4",
)  # fmt: skip
NAMES = ("file", "box", "files", "FILE", "", "файл", "file[]", "x" * 5000)
FILE_NAMES = (
    "L CC.png",
    "R_MLO.dcm",
    "../../etc/passwd",
    "a\x00b",
    "",
    "ы" * 200,
    'q"q',
    "x" * 3000,
)
TYPES = (
    "multipart/form-data; boundary=" + BOUNDARY, "multipart/form-data", "application/json", "",
    "multipart/form-data; boundary=", "multipart/form-data; boundary=" + "b" * 300,
    "multipart/form-data; boundary=other", "application/x-www-form-urlencoded", "multipart/mixed",
    *(f"multipart/form-data; boundary={BOUNDARY}; charset={name}"
      for name in ("idna", "undefined", "punycode", "rot13", "utf-7", "zip", "nothing")),
)  # fmt: skip
METHODS = ("POST", "POST", "POST", "GET", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH", "BREW")
PATHS = (
    PATH,
    PATH,
    PATH,
    "/",
    "/healthz",
    "/openapi.json",
    PATH + "/",
    "/%00",
    "/../etc",
    "//x",
    "*",
)


@dataclass(frozen=True)
class Request:
    """The bytes of a request, and whether the server can know where it ends."""

    content: bytes
    is_whole: bool


@dataclass(frozen=True)
class Served:
    """A running server: its port, its log, and the folder with its home and temporary files."""

    port: int
    log: Path
    home: Path

    def left(self) -> list[str]:
        """Return the files that it has left."""
        return sorted(str(path.relative_to(self.home)) for path in self.home.rglob("*"))


@contextmanager
def serving(*options: str) -> Iterator[Served]:
    """Run `mammo serve` on a free port, with an empty home, until the block ends."""
    with tempfile.TemporaryDirectory() as folder:
        log, home = Path(folder, "log"), Path(folder, "home")
        home.mkdir()
        moved = dict.fromkeys(("HOME", "USERPROFILE", "TMPDIR", "TEMP", "TMP"), str(home))
        with log.open("wb") as errors:
            process = subprocess.Popen(
                [sys.executable, "-m", "mammo", "serve", "--port", "0", *options],
                cwd=ROOT, env=os.environ | moved, stdout=subprocess.PIPE, stderr=errors, text=True,
            )  # fmt: skip
        assert process.stdout is not None  # noqa: S101  it is a pipe
        try:
            line = process.stdout.readline()
            yield Served(int(line.split("://127.0.0.1:")[1].split(".")[0]), log, home)
        finally:
            process.terminate()
            process.wait(timeout=30)
            process.stdout.close()


def form(parts: Sequence[tuple[str, str | None, bytes]], boundary: str = BOUNDARY) -> bytes:
    """Return a form of parts: name, file name or None for a plain field, content."""
    body = b""
    for name, file_name, content in parts:
        file = "" if file_name is None else f'; filename="{file_name}"'
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'
        body += head.encode() + content + b"\r\n"
    return body + f"--{boundary}--\r\n".encode()


def post(body: bytes, kind: str = TYPES[0], method: str = "POST", path: str = PATH) -> bytes:
    """Return a whole request with a body."""
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    head += f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode("latin-1", "replace") + body


def hostile(number: int, seed: int) -> Request:
    """Return one request by its number."""
    random = Random(f"{seed} {number}")
    parts = [_part(random) for _ in range(random.choice((1, 1, 1, 2, 2, 3, 40)))]
    if random.random() < 0.4:
        parts.append(("box", None, random.choice(BOXES).encode()))
    body = form(parts, random.choice((BOUNDARY, BOUNDARY, BOUNDARY, "other")))
    way = random.randrange(8)
    if way < 4:  # the form or its file
        return Request(post(body), is_whole=True)
    if way == 4:
        return Request(post(body, random.choice(TYPES)), is_whole=True)
    if way == 5:
        whole = post(body, method=random.choice(METHODS), path=random.choice(PATHS))
        return Request(whole, is_whole=True)
    if way == 6:
        return Request(post(random.choice(ANYWHERE)(body, random)), is_whole=True)
    return Request(random.choice(ANYWHERE)(post(body), random), is_whole=False)


def _part(random: Random) -> tuple[str, str | None, bytes]:
    seed = random.choice(small_seeds())
    content = seed.content
    if random.random() < 0.8:
        content = random.choice(mutations_for(seed.kind, content))(content, random)
    name = "file" if random.random() < 0.8 else random.choice(NAMES)
    return name, None if random.random() < 0.05 else random.choice(FILE_NAMES), content


def sent(port: int, request: Request) -> tuple[int, bytes]:
    """Send a request; return status and body of the answer, 0 where there is none."""
    with socket.create_connection(("127.0.0.1", port), timeout=SLOWEST_S) as connection:
        try:
            connection.sendall(request.content)
            if not request.is_whole:
                connection.shutdown(socket.SHUT_WR)
            method = request.content[:20].partition(b" ")[0].decode("latin-1")
            answer = http.client.HTTPResponse(connection, method=method)
            answer.begin()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            return 0, b""


def finding(request: Request, status: int, body: bytes) -> str:
    """Return what is wrong with an answer; empty where nothing is."""
    if status == 0:
        return "no answer" if request.is_whole else ""
    try:
        answer = json.loads(body)
    except ValueError:
        by_uvicorn = status in (400, 503) and body.count(b" ") < 6  # of what is no HTTP
        return "" if by_uvicorn or not body else f"{status}: no JSON"
    if status in REFUSALS:
        told = answer.get("error", "")
        is_sentence = set(answer) == {"error"} and told.endswith(".") and "Traceback" not in told
        return "" if is_sentence else f"{status}: no sentence"
    return "" if status == 200 and "error" not in answer else f"{status}: {body[:200]!r}"


def measure(requests: int, seed: int, at_once: int = 8) -> dict[str, Any]:
    """Send the requests to a new server; return what it answered, and the findings."""
    film = next(one for one in small_seeds() if one.name == "plain")
    good = Request(post(form([("file", "a.dcm", film.content)])), is_whole=True)

    def try_one(number: int) -> tuple[int, float, str]:
        request, start = hostile(number, seed), time.monotonic()
        status, body = sent(served.port, request)
        return status, time.monotonic() - start, finding(request, status, body)

    with serving() as served, ThreadPoolExecutor(at_once) as pool:
        before, start = sent(served.port, good), time.monotonic()
        tried = list(pool.map(try_one, range(requests)))
        seconds, after = time.monotonic() - start, sent(served.port, good)
        log = served.log.read_text(encoding="utf-8").splitlines()[1:]  # after the notice
        left = served.left()
    return {
        "requests": requests,
        "seed": seed,
        "seconds": round(seconds, 1),
        "slowest_s": round(max(took for _, took, _ in tried), 2),
        "statuses": dict(sorted(Counter(str(status) for status, _, _ in tried).items())),
        "findings": [f"{n}: {found}" for n, (_, _, found) in enumerate(tried) if found],
        "answers_the_same": before == after and before[0] == 200,
        "log": log[:20],
        "files_left": left,
        "machine": machine(),
    }


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=10_000, help="(default: %(default)s)")
    parser.add_argument("--seed", type=int, default=2026, help="(default: %(default)s)")
    parser.add_argument("--json", type=Path, default=RESULT, help="(default: %(default)s)")
    options = parser.parse_args()
    result = measure(options.requests, options.seed)
    options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(options.json.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
