"""Classify lesions over HTTP: `python -m mammo.serve`.

    python -m mammo.serve                  at http://127.0.0.1:8502, for this machine only
    python -m mammo.serve --host 0.0.0.0   for other machines, too
    curl -F file=@film.dcm -F box=1200,800,300,280 http://127.0.0.1:8502/api/v1/classify

`POST /api/v1/classify` takes a form (multipart/form-data): a `file`, or two for the CC and the MLO
view of a lesion; and for each mammogram a `box` (x,y,w,h in its pixels), in the same order. A
cropped lesion has no box. The answer is `LesionResult.to_dict()` as JSON, or {"error": sentence}.
`GET /openapi.json` describes it, `GET /healthz` names the models.

A child process with limits on time and memory reads the files, as in the app. They stay in memory
until the answer is sent, and nothing about them is logged.
"""

import asyncio
import json
import logging
import os
import socket
import sys
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import closing, suppress
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Any, cast

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mammo import __version__
from mammo.command_line import command_parser, exit_status
from mammo.errors import MammoError, SettingsError, WindowError, sentence_of
from mammo.files import reason_of
from mammo.imaging.region import box_from_text, looks_like_crop, not_a_crop
from mammo.imaging.worker import AbandonedError, Decoder
from mammo.inference import Lesion, LesionResult, ModelSet, load_models
from mammo.inference.result import name_film
from mammo.text import NOTICE_SHORT

FILE_BYTES = 100 * 2**20
"""Of one file, as in the app (`server.maxUploadSize`)."""
FORM_BYTES = 2 * FILE_BYTES + 2**16
ALL_BYTES = 2 * FORM_BYTES
"""Of all forms that are in memory at the same time."""
MOST_REQUESTS, MOST_CONNECTIONS = 32, 128
SECONDS_TO_RECEIVE = 60.0
_FULL = (
    "The server is full: expected few requests at the same time, received too many, or files that "
    "are too large together. Send the request again in a few seconds."
)
_FIELDS = (
    "Expected a form (multipart/form-data) with one field file, or two for the two views of a "
    "lesion, and for each mammogram a field box (x,y,w,h). Received: {}."
)
_Views = Sequence[tuple[BytesIO, str, tuple[float, ...] | None]]


class _InMemory(MultiPartParser):
    """Starlette's parser of forms, which would write parts above 1 MB to a file."""

    spool_max_size = sys.maxsize


class _Service:
    """The models with their decoder, and what is being answered."""

    def __init__(self, models: ModelSet, decoder: Decoder) -> None:
        self.models, self.decoder = models, decoder
        self.requests = self.bytes = 0
        self.turns = asyncio.Semaphore((os.cpu_count() or 1) + 1)

    async def health(self, _request: Request) -> Response:
        models = [card.name for card in self.models.cards]
        return JSONResponse({"status": "ok", "version": __version__, "models": models})

    async def openapi(self, _request: Request) -> Response:
        document = json.loads(Path(__file__).with_name("openapi.json").read_bytes())
        document["info"]["version"] = __version__
        return JSONResponse(document)

    async def classify(self, request: Request) -> Response:
        if self.requests == MOST_REQUESTS:
            raise _refused(503, _FULL)
        self.requests += 1
        request.state.bytes = 0
        try:
            async with asyncio.timeout(SECONDS_TO_RECEIVE):
                views = await self._receive(request)
            async with self.turns:
                loop = asyncio.get_running_loop()

                def wanted() -> bool:
                    gone = asyncio.run_coroutine_threadsafe(request.is_disconnected(), loop)
                    return not gone.result()

                result = await run_in_threadpool(self._assess, views, wanted)
            return JSONResponse(result.to_dict())
        except TimeoutError:
            raise _refused(
                408,
                f"Expected the whole form within {SECONDS_TO_RECEIVE:g} seconds, received a part "
                "of it. Use a faster connection or a smaller file.",
            ) from None
        except (ClientDisconnect, AbandonedError):
            return Response(status_code=408)  # nobody reads it
        except HTTPException:
            raise
        except MammoError as error:
            raise _refused(422, str(error)) from None
        except Exception as error:  # noqa: BLE001  a defect must not print what a file contains
            raise _refused(500, sentence_of(error)) from None
        finally:
            self.requests -= 1
            self.bytes -= request.state.bytes

    async def _receive(self, request: Request) -> _Views:
        """Return content, name and box of each view."""
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "multipart/form-data":
            raise _refused(415, _FIELDS.format(f"the content type {kind[:80]!r}"))
        stream = self._counted(request)
        try:
            form = await _InMemory(
                request.headers, stream, max_files=2, max_fields=2, max_part_size=200
            ).parse()
        except MultiPartException as error:
            raise _refused(400, _FIELDS.format(f"another form ({error.message})")) from None
        except ValueError:  # a field's name in an alphabet that it is not in
            raise _refused(400, _FIELDS.format("a form that cannot be decoded")) from None
        try:
            return await _views_of(form)
        finally:
            await form.close()

    async def _counted(self, request: Request) -> AsyncGenerator[bytes, None]:
        """Yield the body as it comes, up to the limits, whatever its header says of its length."""
        async for chunk in request.stream():
            request.state.bytes += len(chunk)
            self.bytes += len(chunk)
            if request.state.bytes > FORM_BYTES:
                raise _too_large()
            if self.bytes > ALL_BYTES:
                raise _refused(503, _FULL)
            yield chunk

    def _assess(self, views: _Views, wanted: Callable[[], bool]) -> LesionResult:
        """Read each view and ask the models."""
        lesions = []
        for content, name, box in views:
            film = name_film(self.decoder.read(content, wanted), name)
            if box is None and not looks_like_crop(film.shape):
                raise WindowError(
                    f"{not_a_crop(film.shape)}. Mark the lesion with a field box (x,y,w,h) in "
                    "pixels from the top left corner of the mammogram."
                )
            lesions.append(Lesion(film, box=box))
        return self.models.assess(*lesions)


async def _views_of(form: FormData) -> _Views:
    """Return content, name and box of each view of a form."""
    files = [part for part in form.getlist("file") if isinstance(part, UploadFile)]
    boxes = [part for part in form.getlist("box") if isinstance(part, str)]
    fields = [repr(name[:80]) for name, _ in form.multi_items()]
    if not files or len(boxes) not in (0, len(files)) or len(fields) != len([*files, *boxes]):
        received = f"the fields {', '.join(fields)}" if fields else "no field"
        raise _refused(422, _FIELDS.format(received))
    if any((part.size or 0) > FILE_BYTES for part in files):
        raise _too_large()
    marked = [*map(box_from_text, boxes)] if boxes else [None] * len(files)
    named = [PurePosixPath(part.filename or "").stem for part in files]
    contents = [BytesIO(await part.read()) for part in files]
    return list(zip(contents, named, marked, strict=True))


def _refused(status: int, sentence: str) -> HTTPException:
    return HTTPException(status, sentence, {"Retry-After": "5"} if status == 503 else None)


def _too_large() -> HTTPException:
    return _refused(
        413,
        f"Expected files of at most {FILE_BYTES // 2**20} MB each, received more. Save the "
        "mammogram compressed or smaller.",
    )


async def _as_json(request: Request, error: Exception) -> Response:
    """Refuse a request with a sentence, once it is read: a client that still sends sees none."""
    refusal = cast("HTTPException", error)
    with suppress(ClientDisconnect, TimeoutError, RuntimeError):  # which says that it was read
        async with asyncio.timeout(0 if refusal.status_code == 408 else SECONDS_TO_RECEIVE):
            async for _ in request.stream():
                pass
    sentences = {
        404: "Expected /api/v1/classify, /healthz or /openapi.json. Received another address.",
        405: "Expected POST for /api/v1/classify, or GET for /healthz and /openapi.json. "
        f"Received: {request.method[:20]}.",
    }
    sentence = sentences.get(refusal.status_code, refusal.detail)
    return JSONResponse({"error": sentence}, refusal.status_code, refusal.headers)


def build_service(models: ModelSet, decoder: Decoder) -> Starlette:
    """Return the HTTP service of loaded models as an ASGI application."""
    service = _Service(models, decoder)
    routes = [
        Route("/api/v1/classify", service.classify, methods=["POST"]),
        Route("/healthz", service.health),
        Route("/openapi.json", service.openapi),
    ]
    app = Starlette(routes=routes, exception_handlers={HTTPException: _as_json})
    app.router.redirect_slashes = False
    return app


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command until it is interrupted; return its exit status."""
    parser = command_parser("mammo.serve", __doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8502, help="(default: %(default)s)")
    parser.add_argument(
        "--artifacts", type=Path, metavar="DIR", help="trained artifacts (default: the release)"
    )
    options = parser.parse_args(arguments)

    def run() -> None:
        models, decoder = load_models(options.artifacts), Decoder()
        with _listening(options.host, options.port) as listening:
            host, port = listening.getsockname()[:2]
            print(f"mammo.serve: {NOTICE_SHORT}", file=sys.stderr)
            shown = f"[{host}]" if ":" in host else host
            print(f"Listening at http://{shown}:{port}. Press Ctrl+C to stop.", flush=True)
            decoder.start()
            logging.getLogger("python_multipart").setLevel(logging.CRITICAL)
            settings: dict[str, Any] = {"limit_concurrency": MOST_CONNECTIONS, "http": "h11"}
            quiet: dict[str, Any] = {"log_level": "error", "access_log": False}
            config = uvicorn.Config(build_service(models, decoder), **settings, **quiet)
            with suppress(KeyboardInterrupt), closing(decoder):
                uvicorn.Server(config).run(sockets=[listening])

    return exit_status("mammo.serve", run, Path())


def _listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens at an address."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.create_server((host, port), family=family)
    except (OSError, OverflowError) as error:
        raise SettingsError(
            f"--host and --port expect a free address of this machine. Received: {host}, port "
            f"{port} ({reason_of(error)}). Name another port, or 0 for any free one."
        ) from error
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


if __name__ == "__main__":
    sys.exit(main())
