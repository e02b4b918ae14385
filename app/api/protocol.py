"""uvicorn's HTTP protocol with the manners of this service towards connections that are slow, huge or not HTTP.

Without it a client that never finishes its headers or body holds a connection for ever, and what cannot be parsed
is answered in plain text. One check a second per connection costs requests nothing.
"""

import re
import sys
from asyncio import TimerHandle
from collections.abc import Callable
from typing import Any, Final
from uuid import uuid4

import orjson
from httptools import HttpParserInvalidMethodError
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from app.api.body import MAX_BODY
from app.api.middleware import COMMON_HEADERS, DEFAULT_HEADERS, MAX_ADDRESS
from app.api.problems import PROBLEM, AddressTooLong, HeadersTooLarge, Malformed, RequestTimeout, UnknownMethod
from app.errors import DomainError

PATIENCE_SECONDS: Final = 8.0
CHECK_SECONDS: Final = 1.0
# a body may take longer than that as long as it comes at this pace
BYTES_PER_SECOND: Final = 16 * 1024
# above what the application accepts, so that it can give its own answer first
MAX_HEAD: Final = 128 * 1024
# the place in the state of the application of what lets waiting requests go when the service ends
CLOSING: Final = "closing"
_REQUEST_LINE: Final = re.compile(rb"[A-Z][A-Z-]{0,31} [\x21-\x7e]{1,8192} HTTP/1\.[01]\r?\n")


class Protocol(HttpToolsProtocol):
    """Answers with problem+json and closes what takes too long."""

    _check: TimerHandle | None = None
    _waits_for: str = "head"
    _since: float = 0.0
    _received: int = 0
    _first: bytes = b""
    # the request at work; uvicorn's `cycle` is the last that came, which may wait behind it
    _running: RequestResponseCycle | None = None
    url: bytes = b""

    def connection_made(self, transport: Any) -> None:
        """Starts to watch the connection."""
        super().connection_made(transport)
        self._since = self.loop.time()
        self._check = self.loop.call_later(CHECK_SECONDS, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stops watching."""
        if self._check is not None:
            self._check.cancel()
        running = self._running
        if running is not None and not running.response_complete:
            running.disconnected = True
            running.message_event.set()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """The service is about to end: requests that only wait are let go."""
        super().shutdown()
        let_go: Callable[[], None] = self.app_state.get(CLOSING, _nothing)
        let_go()

    def data_received(self, data: bytes) -> None:
        """Feeds the parser, which does not bound headers by itself."""
        self._first = data
        if self._waits_for == "head":
            self._received += len(data)
        super().data_received(data)
        if self._waits_for == "head" and self._received > MAX_HEAD and not self.transport.is_closing():
            self._end(AddressTooLong() if len(self.url) > MAX_ADDRESS else HeadersTooLarge())

    def on_message_begin(self) -> None:
        """A request has begun: its headers are awaited."""
        super().on_message_begin()
        self._await("head")

    def on_headers_complete(self) -> None:
        """Its body is awaited."""
        self._await("body")
        super().on_headers_complete()
        if not self.pipeline:
            self._running = self.cycle

    def on_response_complete(self) -> None:
        """The next request of the pipeline, if there is one, has its turn."""
        if self.pipeline:
            self._running = self.pipeline[-1][0]
        super().on_response_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._received += len(body)
        super().on_body(body)
        if self._received > MAX_BODY and self.cycle.response_complete:
            self.transport.close()  # refused long ago, and still sending

    def on_message_complete(self) -> None:
        """Nothing is awaited until the next request; uvicorn itself ends idle connections."""
        self._await("")
        super().on_message_complete()

    def _await(self, part: str) -> None:
        self._waits_for, self._since, self._received = part, self.loop.time(), 0

    def _look(self) -> None:
        if self.transport.is_closing():
            return
        allowed = PATIENCE_SECONDS + (self._received / BYTES_PER_SECOND if self._waits_for == "body" else 0)
        if self._waits_for and self.loop.time() - self._since > allowed:
            self._end(RequestTimeout())
        else:
            self._check = self.loop.call_later(CHECK_SECONDS, self._look)

    def send_400_response(self, msg: str) -> None:
        """What the parser could not make a request of; called while its error is being handled."""
        error = sys.exception()
        if len(self.url) > MAX_ADDRESS:
            self._end(AddressTooLong())
        elif isinstance(error, HttpParserInvalidMethodError) and _REQUEST_LINE.match(self._first):
            self._end(UnknownMethod())
        else:
            self._end(Malformed())

    def _end(self, error: DomainError) -> None:
        earlier = self.cycle is not None and not self.cycle.response_complete
        # an answer that has begun, or is due to an earlier request, must not be mixed with this one
        if not earlier or (self._waits_for == "body" and not self.cycle.response_started):
            self.transport.write(_answer(error))
        self.transport.close()


def _nothing() -> None: ...


def _answer(error: DomainError) -> bytes:
    request_id = str(uuid4())
    body = orjson.dumps(
        {
            "type": f"/problems/{error.code}",
            "title": error.title["en"],
            "status": error.status,
            "code": error.code,
            "instance": f"urn:uuid:{request_id}",
        }
    )
    headers = [
        *COMMON_HEADERS,
        *DEFAULT_HEADERS,
        (b"x-request-id", request_id.encode()),
        (b"content-type", PROBLEM.encode()),
        (b"content-language", b"en"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    lines = [STATUS_LINE[error.status], *(name + b": " + value + b"\r\n" for name, value in headers), b"\r\n", body]
    return b"".join(lines)
