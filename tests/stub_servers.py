"""Servers on localhost that answer as Kaggle, Amazon's S3 and a plain web server do, for downloads.

They were written from what kagglehub 1.0 and s5cmd 0.3 ask for, not from the services themselves.
"""

import base64
import hashlib
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape


@dataclass
class Stub:
    """What a server holds and what it was asked.

    files : path ("/archive.zip", "/bucket/key") to content
    cut : after so many bytes it drops the connection, while `cuts` are left
    busy : so many times more it answers 429, or `busy_status`, with `retry_after`
    on_get : called before each answer to a GET
    asked : "GET /path" or "GET /path from 4096", in order
    """

    files: dict[str, bytes] = field(default_factory=dict)
    cut: int = 0
    cuts: int = 0
    altered: bool = False
    busy: int = 0
    busy_status: int = 429
    retry_after: str = "1"
    on_get: Callable[[], None] = lambda: None
    asked: list[str] = field(default_factory=list)
    address: str = ""

    def gets(self, ending: str) -> list[str]:
        return [line for line in self.asked if line.startswith("GET") and ending in line]


@contextmanager
def serving(stub: Stub) -> Iterator[Stub]:
    """Serve on a free port of localhost until the block ends."""

    class Handler(_Handler):
        held = stub

    server = _Server(("127.0.0.1", 0), Handler)
    stub.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print nothing of a client that has read enough or was killed."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    held: Stub
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer Kaggle's DownloadDataset: a redirection to the archive."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.held.asked.append(f"POST {self.path}")
        self.send_response(302)
        self.send_header("Location", f"{self.held.address}/archive.zip")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_HEAD(self) -> None:
        """Answer S3's HeadBucket for `/bucket`, and for a file as a GET without its content."""
        if self.path.count("/") > 1:
            self._answer(body=False)
            return
        self.send_response(200)
        self.send_header("x-amz-bucket-region", "us-east-1")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = parse_qs(parts.query)
        if "prefix" in query or "list-type" in query:
            self._list(parts.path.strip("/"), query.get("prefix", [""])[0])
        else:
            self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        path = unquote(urlsplit(self.path).path)
        content = self.held.files.get(path)
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        start = int(wanted[1]) if wanted else 0
        line = f"{self.command} {path}" + (f" from {start}" if start else "")
        self.held.asked.append(line)
        self.held.on_get()
        if self.held.busy > 0:
            self.held.busy -= 1
            self._refuse(self.held.busy_status, {"Retry-After": self.held.retry_after})
            return
        if content is None:
            self._refuse(404, {})
            return
        self.send_response(206 if wanted else 200)
        stop = min(len(content), int(wanted[2]) + 1 if wanted and wanted[2] else len(content))
        self._headers(content, start, stop, partly=bool(wanted))
        if body:
            self._send(content[start:stop])

    def _refuse(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in (headers | {"Content-Length": "0"}).items():
            self.send_header(name, value)
        self.end_headers()

    def _headers(self, content: bytes, start: int, stop: int, *, partly: bool) -> None:
        digest = hashlib.md5(content, usedforsecurity=False).digest()
        self.send_header("Content-Length", str(stop - start))
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("ETag", f'"{digest.hex()}"')
        self.send_header("Last-Modified", "Thu, 14 Sep 2017 00:00:00 GMT")
        stated = bytes(16) if self.held.altered else digest
        self.send_header("x-goog-hash", f"crc32c=AAAAAA==,md5={base64.b64encode(stated).decode()}")
        if partly:
            self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{len(content)}")
        self.end_headers()

    def _send(self, content: bytes) -> None:
        if self.held.cuts:
            self.held.cuts -= 1
            self.wfile.write(content[: self.held.cut])
            self.close_connection = True
            return
        self.wfile.write(content)

    def _list(self, bucket: str, prefix: str) -> None:
        """Answer S3's ListObjectsV2."""
        self.held.asked.append(f"LIST /{bucket} {prefix}")
        start = f"/{bucket}/"
        keys = [path.removeprefix(start) for path in self.held.files if path.startswith(start)]
        objects = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{len(self.held.files[start + key])}</Size>"
            "<LastModified>2017-09-14T00:00:00.000Z</LastModified>"
            "<ETag>&quot;0&quot;</ETag><StorageClass>STANDARD</StorageClass></Contents>"
            for key in sorted(keys)
            if key.startswith(prefix)
        )
        body = (
            f"<?xml version='1.0'?><ListBucketResult><Name>{bucket}</Name>"
            f"<IsTruncated>false</IsTruncated>{objects}</ListBucketResult>"
        ).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Print nothing."""
