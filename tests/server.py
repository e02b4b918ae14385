"""The application behind a real uvicorn in a thread, configured as in production."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import httpx
from fastapi import FastAPI
from uvicorn import Config, Server

from app.serving import MANNERS


@dataclass(frozen=True)
class Served:
    """A running service."""

    app: FastAPI
    host: str
    port: int

    @property
    def address(self) -> str:
        """Its base URL."""
        return f"http://{self.host}:{self.port}"

    def raw(self, request: bytes, *, pieces: int = 1) -> bytes:
        """Sends these very bytes and returns everything the service sends until it closes or falls silent."""
        with socket.create_connection((self.host, self.port), timeout=5) as connection:
            size = max(1, len(request) // pieces)
            with suppress(ConnectionError):
                for start in range(0, len(request), size):
                    connection.sendall(request[start : start + size])
            connection.settimeout(1)
            answer = b""
            with suppress(TimeoutError, ConnectionError):
                while piece := connection.recv(65_536):
                    answer += piece
            return answer

    def token(self, client_id: str, secret: str, scope: str | None = None) -> str:
        """An access token from its token endpoint."""
        form = {"grant_type": "client_credentials", **({"scope": scope} if scope else {})}
        answer = httpx.post(f"{self.address}/oauth/token", data=form, auth=(client_id, secret))
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])


@contextmanager
def serving(app: FastAPI, proxy: str | None = None, port: int = 0) -> Iterator[Served]:
    """Serves until the block ends, at a free port; `proxy` is the address whose `X-Forwarded-For` is believed."""
    with socket.create_server(("127.0.0.1", port), backlog=512) as sock:
        config = Config(app, proxy_headers=proxy is not None, forwarded_allow_ips=proxy, **MANNERS)
        server = Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, name="service")
        thread.start()
        try:
            while not server.started:
                thread.join(0.02)
                assert thread.is_alive(), "the service did not start"
            host, port = sock.getsockname()
            yield Served(app, host, port)
        finally:
            server.should_exit = True
            thread.join(30)
