"""One visitor of the app, as a browser's tab talks to the server, without the browser.

Used by `benchmarks/load.py` (thirty browsers on two cores would measure the browsers) and by
`benchmarks/server.py`, which times the server and not the drawing of a page. A visitor speaks
Streamlit's own protocol: a cookie against forged requests, a websocket on which widget
states go out and elements come in with their pictures, exports by GET, files by PUT and DELETE. It
keeps what stands on its page as the front end does: by path, stale elements dropped when a run
ends, large messages kept for two runs and named by their hash. Static files are not fetched (a
browser has them from its cache), nothing is drawn.

Reference: `streamlit/proto/BackMsg_pb2.pyi` and `ForwardMsg_pb2.pyi` of the installed Streamlit.
"""

import asyncio
import http.client
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ContextInfo
from streamlit.proto.Common_pb2 import FileUploaderState, FileURLs, UploadedFileInfo
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect

XSRF = "_streamlit_xsrf"
ENDS = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)
PIECES = 100
"""Into how many a slow line cuts a file."""

IDLE_RUNS = 2
"""Runs for which the front end keeps a large message (`global.maxCachedMessageAge`)."""

PATIENCE_SECONDS = 120
"""Silence of the server after which a visitor gives up."""


class VisitError(Exception):
    """The server did not do what a page needs: it refused, kept silent, or lacks a widget."""


@dataclass
class Shown:
    """Hold an element of the page: the run that drew it, its fragment, and when it came.

    Attributes
    ----------
    element : Element
    run, fragment : str
    came : float, seconds of `time.perf_counter`
    """

    element: Element
    run: str
    fragment: str
    came: float

    @property
    def content(self) -> Any:
        """Return the message within the element: the widget, the metric."""
        return getattr(self.element, self.element.WhichOneof("type") or "empty")


@dataclass
class Kept:
    """Hold a large message, and how many runs it has not been asked for."""

    message: ForwardMsg
    idle_runs: int = 0


class Visitor:
    """Visit the app from one tab; not for two tasks at once.

    `async with Visitor(address) as visitor` leaves at the end.

    Parameters
    ----------
    address : str, such as "http://127.0.0.1:8501"
    hear : told every message and file that the server sends, as bytes

    Attributes
    ----------
    query : str, the query of the address as the server last wrote it; sent with each act
    repeated : str, the fragment that the page last asked to run again and again; `rerun` runs it
    """

    def __init__(self, address: str, hear: Callable[[bytes], None] = lambda _: None) -> None:
        self.address = address
        self._hear = hear
        self._host = urlsplit(address).netloc
        self._cookie = ""
        self._socket: ClientConnection | None = None
        self._open_tab()

    def _open_tab(self) -> None:
        """Know nothing of any page yet."""
        self._session = self._page = self._run = self._page_name = ""
        self.query = self.repeated = ""
        self._fragments: Sequence[str] = ()
        self._shown: dict[tuple[int, ...], Shown] = {}
        self._states: dict[str, WidgetState] = {}
        self._files: dict[str, list[UploadedFileInfo]] = {}
        self._kept: dict[str, Kept] = {}

    async def __aenter__(self) -> Self:
        """Come; nothing is asked yet."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave."""
        await self.leave()

    # What stands on the page

    def elements(self, kind: str) -> list[Any]:
        """Return the elements of a kind ("metric", "button") in the order of the page."""
        return [
            self._shown[path].content
            for path in sorted(self._shown)
            if self._shown[path].element.WhichOneof("type") == kind
        ]

    def texts(self) -> list[str]:
        """Return the Markdown texts of the page."""
        return [text.body for text in self.elements("markdown")]

    def complaints(self) -> list[str]:
        """Return what the page says went wrong: exceptions, and sentences in red."""
        red = [f"{a.title} {a.body}" for a in self.elements("alert") if a.format == a.ERROR]
        return red + [one.message for one in self.elements("exception")]

    def widget(self, name: str) -> Shown:
        """Return the widget of a key, or what has a label, such as a metric.

        Raises
        ------
        VisitError
            There is none on the page.
        """
        for shown in self._shown.values():
            content = shown.content
            if name == getattr(content, "label", "") or (
                getattr(content, "id", "").endswith(f"-{name}")
            ):
                return shown
        raise VisitError(f"No widget {name!r} on the page. It says: {self.complaints()}")

    # What a visitor does

    async def arrive(self, page: str = "", query: str = "") -> None:
        """Open a page in a new tab by its address and wait until it stands.

        Parameters
        ----------
        page : str, such as "Model_comparison"; "" is home
        query : str, what stands after the question mark
        """
        await self.leave()
        self._open_tab()
        _, headers = await self._ask("GET", "/_stcore/health")
        self._cookie = next(
            value.partition(";")[0].partition("=")[2]
            for name, value in headers
            if name.lower() == "set-cookie" and value.startswith(XSRF)
        )
        self._socket = await connect(
            f"ws://{self._host}/_stcore/stream",
            origin=self.address,  # type: ignore[arg-type]
            subprotocols=["streamlit", self._cookie],  # type: ignore[list-item]
            additional_headers={"Cookie": f"{XSRF}={self._cookie}"},
            max_size=None,
            max_queue=None,
            proxy=None,
        )
        self._page_name, self.query = page, query
        await self.rerun()

    async def leave(self) -> None:
        """Close the tab."""
        if self._socket is not None:
            await self._socket.close()
            self._socket = None

    async def rerun(self, fragment: str = "", pressed: WidgetState | None = None) -> None:
        """Run the page, or one fragment of it, and wait until it is there."""
        message = BackMsg()
        asked = message.rerun_script
        asked.query_string = self.query
        asked.page_script_hash = self._page
        asked.page_name = "" if self._page else self._page_name
        asked.fragment_id = fragment
        asked.widget_states.widgets.extend(self._states.values())
        if pressed is not None:
            asked.widget_states.widgets.append(pressed)
        asked.cached_message_hashes.extend(self._kept)
        asked.context_info.CopyFrom(
            ContextInfo(timezone="Europe/Berlin", locale="en", url=f"{self.address}/")
        )
        await self._send(message)
        while (await self._until("script_finished")).script_finished not in ENDS:
            pass

    async def follow(self, title: str) -> None:
        """Go to another page by a link on this one, such as those in the sidebar."""
        links = {link.label: link for link in self.elements("page_link")}
        if title not in links:
            raise VisitError(f"No link {title!r} on the page.")
        self._page, self.query = links[title].page_script_hash, links[title].query_string
        self._states.clear()
        self._files.clear()
        await self.rerun()

    async def change(self, key: str, value: float | str | bool) -> None:
        """Set a widget: a slider or number, an option by its title, a toggle."""
        shown = self.widget(key)
        state = WidgetState(id=shown.content.id)
        kind = type(shown.content).__name__
        if kind == "Slider":
            state.double_array_value.data.append(float(value))
        elif kind == "NumberInput":
            state.double_value = float(value)
        elif kind == "ButtonGroup":
            titles = [option.content for option in shown.content.options]
            named = (title for title in titles if f"[{value}]" in title)  # beside a picture
            state.string_array_value.data.append(next(named, str(value)))
        elif kind == "Selectbox":
            state.string_value = str(value)
        elif kind == "Checkbox":
            state.bool_value = bool(value)
        else:
            raise VisitError(f"A visitor cannot set the {kind} {key!r}.")
        self._states[state.id] = state
        await self.rerun(shown.fragment)

    async def press(self, key: str) -> None:
        """Press a button."""
        shown = self.widget(key)
        await self.rerun(shown.fragment, WidgetState(id=shown.content.id, trigger_value=True))

    async def upload(self, key: str, files: Mapping[str, bytes], piece_seconds: float = 0) -> None:
        """Hand files over in place of those there, and wait until the page has read them.

        Parameters
        ----------
        key : str, of the uploader
        files : name -> content
        piece_seconds : float, pause after each of a hundred pieces of a file: a slow line
        """
        await self.take_back(key)
        shown = self.widget(key)
        given = []
        for address, (name, content) in zip(
            await self._places(list(files)), files.items(), strict=True
        ):
            await self._put(address.upload_url, name, content, piece_seconds)
            given.append(
                UploadedFileInfo(
                    name=name, size=len(content), file_id=address.file_id, file_urls=address
                )
            )
        self._files[shown.content.id] = given
        await self._rerun_with_files(shown)

    async def take_back(self, key: str) -> None:
        """Remove the files that were handed over, if any."""
        shown = self.widget(key)
        held = self._files.pop(shown.content.id, [])
        for file in held:
            await self._ask("DELETE", file.file_urls.delete_url, self._token())
        if held:
            await self._rerun_with_files(shown)

    async def download(self, key: str) -> bytes:
        """Press a download button whose file is made on demand, and return the file."""
        return await self.fetch(await self.have_made(key))

    async def have_made(self, key: str) -> str:
        """Press a download button whose file is made on demand; return the file's address."""
        asked = BackMsg()
        asked.backend_operation_request.request_id = secrets.token_hex(8)
        asked.backend_operation_request.session_id = self._session
        asked.backend_operation_request.deferred_file.file_id = self.widget(
            key
        ).content.deferred_file_id
        await self._send(asked)
        answer = (await self._until("backend_operation_response")).backend_operation_response
        if answer.error_msg:
            raise VisitError(f"The download {key!r} failed: {answer.error_msg}")
        return answer.deferred_file.url

    async def fetch(self, url: str) -> bytes:
        """Fetch a file that the server said it has."""
        content, _ = await self._ask("GET", url)
        return content

    # How the protocol does it

    async def _rerun_with_files(self, uploader: Shown) -> None:
        state = WidgetState(id=uploader.content.id)
        state.file_uploader_state_value.CopyFrom(
            FileUploaderState(uploaded_file_info=self._files.get(state.id, []))
        )
        self._states[state.id] = state
        await self.rerun(uploader.fragment)

    async def _send(self, message: BackMsg) -> None:
        if self._socket is None:
            raise VisitError("The visitor has left.")
        await self._socket.send(message.SerializeToString())

    async def _until(self, kind: str) -> ForwardMsg:
        """Take messages until one of a kind has come."""
        if self._socket is None:
            raise VisitError("The visitor has left.")
        while True:
            try:
                # Not `wait_for`: before Python 3.12 it may swallow that this task is cancelled.
                async with asyncio.timeout(PATIENCE_SECONDS):
                    raw = await self._socket.recv(decode=False)
            except TimeoutError:
                raise VisitError(f"No {kind} within {PATIENCE_SECONDS} s.") from None
            self._hear(raw)
            message = ForwardMsg.FromString(raw)
            self._take(message)
            if message.WhichOneof("type") == kind:
                return message

    def _take(self, message: ForwardMsg) -> None:
        """Keep what a message changes on the page."""
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self._session = message.new_session.initialize.session_id
            self.theme = message.new_session.custom_theme
            self._run = message.metadata.run.script_run_id
            self._fragments = list(message.metadata.run.fragment_ids)
        elif kind == "navigation":
            self._page = message.navigation.page_script_hash
        elif kind == "auto_rerun":
            self.repeated = message.auto_rerun.fragment_id
        elif kind == "page_info_changed":
            self.query = message.page_info_changed.query_string
        elif kind == "ref_hash":
            kept = self._kept[message.ref_hash]
            kept.idle_runs = 0
            self._draw(kept.message, tuple(message.metadata.delta_path))
        elif kind == "delta":
            if message.metadata.cacheable:
                self._kept[message.hash] = Kept(message)
            self._draw(message, tuple(message.metadata.delta_path))
        elif kind == "script_finished" and message.script_finished in ENDS:
            self._forget_stale()

    def _draw(self, message: ForwardMsg, path: tuple[int, ...]) -> None:
        delta = message.delta
        if delta.WhichOneof("type") != "new_element":
            return
        shown = Shown(delta.new_element, self._run, delta.fragment_id, time.perf_counter())
        self._shown[path] = shown
        if getattr(shown.content, "set_value", False):
            # The server has set it: what this visitor chose before is no longer so.
            self._states.pop(shown.content.id, None)

    def _forget_stale(self) -> None:
        """Drop what the run that ended has not drawn again."""
        for path, shown in list(self._shown.items()):
            if self._was_asked(shown.fragment) and shown.run != self._run:
                del self._shown[path]
        for name, kept in list(self._kept.items()):
            if self._was_asked(kept.message.delta.fragment_id):
                kept.idle_runs += 1
                if kept.idle_runs > IDLE_RUNS:
                    del self._kept[name]

    def _was_asked(self, fragment: str) -> bool:
        """Tell whether the run that ended was to draw this fragment."""
        return not self._fragments or fragment in self._fragments

    async def _places(self, names: Sequence[str]) -> list[FileURLs]:
        """Ask where files may be put."""
        asked = BackMsg()
        asked.file_urls_request.request_id = secrets.token_hex(8)
        asked.file_urls_request.session_id = self._session
        asked.file_urls_request.file_names.extend(names)
        await self._send(asked)
        answer = (await self._until("file_urls_response")).file_urls_response
        if answer.error_msg:
            raise VisitError(f"No place for files: {answer.error_msg}")
        return list(answer.file_urls)

    async def _put(self, url: str, name: str, content: bytes, piece_seconds: float) -> None:
        """Put one file as the form that a browser makes of it."""
        mark = secrets.token_hex(16)
        head = (
            f'--{mark}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        ).encode()
        body = head + content + f"\r\n--{mark}--\r\n".encode()
        headers = self._token() | {"Content-Type": f"multipart/form-data; boundary={mark}"}
        await self._ask("PUT", url, headers, body, piece_seconds)

    def _token(self) -> dict[str, str]:
        return {"X-Xsrftoken": self._cookie}

    async def _ask(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        piece_seconds: float = 0,
    ) -> tuple[bytes, list[tuple[str, str]]]:
        """Send a request; return the answer's content and headers."""
        sent = {"Cookie": f"{XSRF}={self._cookie}", "Origin": self.address, **(headers or {})}
        status, content, found = await asyncio.to_thread(
            _exchange, self._host, method, url, sent, body, piece_seconds
        )
        if status >= 300:
            raise VisitError(f"{method} {url} was answered with {status}: {content[:200]!r}")
        self._hear(content)
        return content, found


def _exchange(
    host: str, method: str, url: str, headers: dict[str, str], body: bytes, piece_seconds: float
) -> tuple[int, bytes, list[tuple[str, str]]]:
    """Do one exchange over HTTP, its body in a hundred pieces where the line is slow."""
    connection = http.client.HTTPConnection(host, timeout=PATIENCE_SECONDS)
    try:
        connection.putrequest(method, url)
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            connection.putheader(name, value)
        connection.endheaders()
        step = max(1, -(-len(body) // PIECES)) if piece_seconds else max(1, len(body))
        for start in range(0, len(body), step):
            connection.send(body[start : start + step])
            time.sleep(piece_seconds)
        answer = connection.getresponse()
        return answer.status, answer.read(), answer.getheaders()
    finally:
        connection.close()
