"""Compress what Streamlit's own pages are made of: each file once, then from memory.

Streamlit sends its scripts and styles as they are, because its server would compress them again at
each request: 0.25 s of processor time for Plotly alone. They never change while a server runs.
"""

import asyncio
from collections import defaultdict

from starlette.datastructures import Headers
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SUFFIXES = (".js", ".css")


class Compressed:
    """ASGI middleware around the app's server: stores each compressed script and style.

    Only a file that the server calls immutable is stored, so no request can make the store grow
    beyond Streamlit's own files.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.compressing = GZipMiddleware(app, compresslevel=9)
        self.stored: dict[str, list[Message]] = {}
        self.turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if not _may_be_compressed(scope):
            await self.app(scope, receive, send)
            return
        path = scope["path"]
        async with self.turns[path]:
            answer = self.stored.get(path) or await self._compress(scope, receive)
        for message in answer:
            await send(message)

    async def _compress(self, scope: Scope, receive: Receive) -> list[Message]:
        """Have the server answer, and store the answer where it is one of Streamlit's own files."""
        answer: list[Message] = []

        async def collect(message: Message) -> None:
            answer.append(message)

        try:
            await self.compressing(scope, receive, collect)
        finally:
            self.turns.pop(scope["path"], None)
        # Who leaves while the file is read is sent a part of it, or nothing.
        if not answer or answer[-1].get("more_body"):
            return answer
        headers = Headers(raw=answer[0]["headers"])
        if "immutable" in headers.get("cache-control", "") and answer[0]["status"] == 200:
            self.stored[scope["path"]] = answer
        return answer


def _may_be_compressed(scope: Scope) -> bool:
    """Return whether a request is for the whole of a script or style, by one who reads gzip."""
    if scope["type"] != "http" or scope["method"] != "GET" or "/static/" not in scope["path"]:
        return False
    headers = Headers(scope=scope)
    whole = not {"range", "if-none-match", "if-modified-since"} & set(headers)
    return (
        whole and scope["path"].endswith(_SUFFIXES) and "gzip" in headers.get("accept-encoding", "")
    )
