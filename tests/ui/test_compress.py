"""Each of the server's own scripts is compressed once, and nothing else is stored."""

import asyncio
import gzip
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from mammo.ui.kit.compress import Compressed

SCRIPT = b"let lesion = 1;" * 1000
IMMUTABLE = {"cache-control": "public, immutable, max-age=31536000"}


class Site:
    """A server of one script, which counts how often it was asked."""

    def __init__(self, headers: dict[str, str], status: int = 200) -> None:
        self.headers, self.status, self.asked = headers, status, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked += 1
        await asyncio.sleep(0)
        response = Response(SCRIPT, self.status, self.headers, "text/javascript")
        await response(scope, receive, send)


def visit(server: Compressed, *paths: str, reads: str = "gzip") -> list[tuple[Headers, bytes]]:
    """Ask for all paths at the same moment; return each answer's headers and body."""

    async def ask(path: str) -> tuple[Headers, bytes]:
        scope: dict[str, Any] = {"type": "http", "method": "GET", "path": path}
        scope["headers"] = [(b"accept-encoding", reads.encode())]
        messages: list[Message] = []

        async def send(message: Message) -> None:
            messages.append(message)

        async def receive() -> Message:
            return {"type": "http.request"}

        await server(scope, receive, send)
        body = b"".join(message["body"] for message in messages[1:])
        return Headers(raw=messages[0]["headers"]), body

    async def ask_all() -> list[tuple[Headers, bytes]]:
        return await asyncio.gather(*(ask(path) for path in paths))

    with ThreadPoolExecutor(1) as thread:  # a browser's test may have left a loop in this one
        return thread.submit(asyncio.run, ask_all()).result()


def test_thirty_who_come_at_the_same_moment_and_later_ones_share_one_compression() -> None:
    site = Site(IMMUTABLE)
    server = Compressed(site)
    for headers, body in visit(server, *["/static/js/a.js"] * 30) + visit(
        server, "/static/js/a.js"
    ):
        assert (headers["content-encoding"], gzip.decompress(body)) == ("gzip", SCRIPT)
        assert int(headers["content-length"]) == len(body) < len(SCRIPT) / 10
    assert site.asked == 1


def test_a_script_whose_reader_left_is_not_stored() -> None:
    class Left(Site):
        """A server that ends its first answer early, as it does when the browser is gone."""

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            if self.asked:
                await super().__call__(scope, receive, send)
                return
            self.asked += 1
            headers = Headers(self.headers | {"content-type": "text/javascript"})
            await send({"type": "http.response.start", "status": 200, "headers": headers.raw})
            await send({"type": "http.response.body", "body": SCRIPT[:900], "more_body": True})

    server = Compressed(Left(IMMUTABLE))
    visit(server, "/static/js/a.js")
    [(_, body)] = visit(server, "/static/js/a.js")
    assert gzip.decompress(body) == SCRIPT


@pytest.mark.parametrize(
    ("headers", "status"), [({"cache-control": "no-cache"}, 200), (IMMUTABLE, 404)]
)
def test_what_is_no_file_of_the_server_is_not_stored(headers: dict[str, str], status: int) -> None:
    site = Site(headers, status)
    server = Compressed(site)
    visit(server, *[f"/static/js/{number % 3}.js" for number in range(9)])
    assert site.asked == 9
    assert not server.stored and not server.turns


def test_who_reads_no_gzip_gets_the_script_as_it_is() -> None:
    [(headers, body)] = visit(Compressed(Site(IMMUTABLE)), "/static/js/a.js", reads="br")
    assert body == SCRIPT and "content-encoding" not in headers
