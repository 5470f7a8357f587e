"""A visitor without a browser: speaks to the app's server over its websocket, as its pages do.

Used by `benchmarks/server.py` and `benchmarks/server_walk.py`, so that what is measured is the
server and not the drawing of a page. Widgets are found by their labels; what they are set to goes
with every message, and a widget in a fragment runs that fragment alone. The messages are
Streamlit's own protocol buffers. An error on a page ends the visit.
"""

import http.client
import re
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit
from uuid import uuid4

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.sync.client import connect

PATIENCE_S = 120
FINISHED = "finished"
_ENDS = {
    ForwardMsg.FINISHED_SUCCESSFULLY: FINISHED,
    ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY: FINISHED,
    ForwardMsg.FINISHED_EARLY_FOR_RERUN: "interrupted",
}


@dataclass(frozen=True, eq=False)
class Shown:
    """Hold one element that the server sent: its kind, its message, and the fragment it is in."""

    kind: str
    message: Any
    fragment: str


class SocketVisitor:
    """Visit the app: `with SocketVisitor("http://127.0.0.1:8501") as visitor`, then `open`."""

    def __init__(self, address: str) -> None:
        self.elements: dict[tuple[int, ...], Shown] = {}
        """What is shown, by its place on the page."""
        self._host = urlsplit(address).netloc
        self._where = ("", "")
        self._states: dict[str, WidgetState] = {}
        self._session = self._script = ""
        self._socket: Any = None

    def __enter__(self) -> Self:
        """Come; nothing is asked yet."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave."""
        if self._socket is not None:
            self._socket.close()

    def open(self, page: str = "", query: str = "") -> None:
        """Load a page by its name in the address, "" being home, with its settings."""
        if self._socket is not None:
            self._socket.close()
        self._socket = connect(
            f"ws://{self._host}/_stcore/stream",
            subprotocols=["streamlit"], max_size=None, compression=None, legacy=True,
        )  # fmt: skip
        self._where = page, query
        self._script = ""
        self._states.clear()
        self.rerun()

    def press(self, label: str) -> None:
        """Press a button."""
        shown = self.find("button", label)
        state = WidgetState(id=shown.message.id, trigger_value=True)
        self.rerun(shown.fragment, state)

    def slide(self, label: str, value: float) -> None:
        """Move a slider."""
        self._set_number("slider", label, value)

    def type_number(self, label: str, value: float) -> None:
        """Fill a number field."""
        self._set_number("number_input", label, value)

    def _set_number(self, kind: str, label: str, value: float) -> None:
        shown = self.find(kind, label)
        state = WidgetState(id=shown.message.id)
        if kind == "slider":
            state.double_array_value.data.append(value)
        else:
            state.double_value = value
        self._states[state.id] = state
        self.rerun(shown.fragment)

    def upload(self, label: str, file: Path) -> None:
        """Put one file into an uploader, as a form, and run the page with it."""
        asked = BackMsg()
        asked.file_urls_request.request_id = str(uuid4())
        asked.file_urls_request.file_names.append(file.name)
        asked.file_urls_request.session_id = self._session
        (urls,) = self._ask(asked, "file_urls_response").file_urls
        content = file.read_bytes()
        self._put(urls.upload_url, file.name, content)
        shown = self.find("file_uploader", label)
        state = WidgetState(id=shown.message.id)
        state.file_uploader_state_value.uploaded_file_info.add(
            name=file.name, size=len(content), file_id=urls.file_id, file_urls=urls
        )
        self._states[state.id] = state
        self.rerun(shown.fragment)

    def download(self, label: str) -> bytes:
        """Press a download button whose file is made when it is pressed; return the file."""
        asked = BackMsg()
        asked.backend_operation_request.request_id = str(uuid4())
        asked.backend_operation_request.session_id = self._session
        place = self.find("download_button", label).message.deferred_file_id
        asked.backend_operation_request.deferred_file.file_id = place
        return self._http("GET", self._ask(asked, "backend_operation_response").deferred_file.url)

    def find(self, kind: str, label: str) -> Shown:
        """Return the element of a kind with a label.

        Raises
        ------
        LookupError
            It is not shown.
        """
        for one in self.shown(kind):
            if one.message.label == label:
                return one
        labels = sorted(one.message.label for one in self.shown(kind))
        raise LookupError(f"{self._where}: no {kind} {label!r} among {labels}")

    def shows(self, kind: str, label: str) -> bool:
        """Tell whether an element of a kind with a label is shown."""
        return any(one.message.label == label for one in self.shown(kind))

    def shown(self, kind: str) -> list[Shown]:
        """Return the elements of a kind that are shown."""
        return [one for one in self.elements.values() if one.kind == kind]

    def wait_for(self, kind: str, label: str) -> Shown:
        """Read until an element of a kind with a label has come, and return it."""
        while not self.shows(kind, label) and self._receive() != FINISHED:
            pass
        return self.find(kind, label)

    def wait(self) -> None:
        """Read until the server says that the page, or the fragment, is whole."""
        while self._receive() != FINISHED:
            pass

    def rerun(self, fragment: str = "", pressed: WidgetState | None = None) -> None:
        """Ask for a run of the page, or of one fragment of it."""
        if not fragment:
            self.elements.clear()
        message = BackMsg()
        message.rerun_script.page_name, message.rerun_script.query_string = self._where
        message.rerun_script.page_script_hash = self._script
        message.rerun_script.fragment_id = fragment
        states = [*self._states.values(), *([pressed] if pressed else [])]
        message.rerun_script.widget_states.widgets.extend(states)
        self._socket.send(message.SerializeToString())

    def _ask(self, message: BackMsg, answer: str) -> Any:
        """Send a question, and read until its answer has come."""
        self._socket.send(message.SerializeToString())
        while True:
            received = ForwardMsg.FromString(self._socket.recv(timeout=PATIENCE_S))
            if received.WhichOneof("type") == answer:
                return getattr(received, answer)

    def _receive(self) -> str:
        """Take in one message; return what it is about."""
        message = ForwardMsg.FromString(self._socket.recv(timeout=PATIENCE_S))
        about = str(message.WhichOneof("type"))
        if about == "new_session":
            self._session = message.new_session.initialize.session_id
        elif about == "navigation":
            self._script = message.navigation.page_script_hash
        elif about == "delta" and message.delta.WhichOneof("type") == "new_element":
            element = message.delta.new_element
            kind = str(element.WhichOneof("type"))
            shown = Shown(kind, getattr(element, kind), message.delta.fragment_id)
            if kind == "exception":
                raise RuntimeError(f"{self._where}: {shown.message.message}")
            self.elements[tuple(message.metadata.delta_path)] = shown
        elif about == "script_finished":
            return _ENDS[message.script_finished]
        return about

    def _put(self, url: str, name: str, content: bytes) -> None:
        """Send a file as a browser sends it: a form, with the token against forged requests."""
        with closing(http.client.HTTPConnection(self._host, timeout=PATIENCE_S)) as connection:
            connection.request("GET", "/_stcore/health")
            response = connection.getresponse()
            response.read()
        found = re.search(r"_streamlit_xsrf=([^;]+)", response.headers["Set-Cookie"])
        token = found[1] if found else ""
        mark = uuid4().hex
        head = f'--{mark}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}"'
        body = f"{head}\r\n\r\n".encode() + content + f"\r\n--{mark}--\r\n".encode()
        self._http(
            "PUT",
            url,
            body,
            {
                "Content-Type": f"multipart/form-data; boundary={mark}",
                "Cookie": f"_streamlit_xsrf={token}",
                "X-Xsrftoken": token,
            },
        )

    def _http(
        self,
        method: str,
        url: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> bytes:
        with closing(http.client.HTTPConnection(self._host, timeout=PATIENCE_S)) as connection:
            connection.request(method, url, body, headers or {})
            response = connection.getresponse()
            content = response.read()
        if response.status >= http.client.BAD_REQUEST:
            raise RuntimeError(f"{method} {url}: {response.status} {content[:200]!r}")
        return content
