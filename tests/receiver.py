"""Servers that webhooks are sent to: they keep what they got, and answer as a test wants."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Received:
    """One request."""

    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def id(self) -> str:
        """Its `webhook-id`."""
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict[str, Any]:
        """The CloudEvent in it."""
        event: dict[str, Any] = json.loads(self.body)
        return event

    @property
    def told(self) -> tuple[str, str]:
        """Type, and action of a change."""
        return self.event["type"], self.event["data"].get("action", "")


Behaviour = Callable[[int, BaseHTTPRequestHandler], None]
"""Answers the request of this number, from 1."""


def answering(*statuses: int, **headers: str) -> Behaviour:
    """Answers with these, the last of them for ever."""

    def answer(number: int, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(statuses[min(number, len(statuses)) - 1])
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


@dataclass
class Receiver:
    """A server at a port of its own."""

    behave: Behaviour = field(default_factory=lambda: answering(204))
    requests: list[Received] = field(default_factory=list)
    port: int = 0
    _server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}/thads"

    def start(self) -> None:
        """Serves, at the same port as before."""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.requests.append(Received(headers, body, time.monotonic()))
                with suppress(ConnectionError):
                    receiver.behave(len(receiver.requests), self)

            def log_message(self, *_: Any) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Nobody is there any more."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def got(self, number: int, seconds: float = 15) -> list[Received]:
        """What it has got, once that are so many."""
        wait_for(lambda: len(self.requests) >= number, seconds, lambda: [r.told for r in self.requests])
        return list(self.requests)


def wait_for(
    reached: Callable[[], bool], seconds: float = 15, shown: Callable[[], object] = lambda: "not reached"
) -> None:
    """Until it is so; fails after the time."""
    limit = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < limit, shown()
        time.sleep(0.02)


@contextmanager
def receiving(behave: Behaviour | None = None) -> Iterator[Receiver]:
    """A receiver that answers 204, or as told."""
    receiver = Receiver(behave or answering(204))
    receiver.start()
    try:
        yield receiver
    finally:
        receiver.stop()
