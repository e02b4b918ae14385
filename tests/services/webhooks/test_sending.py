"""Where requests go: only to addresses of the internet, and to the very ones that were checked."""

import asyncio
import ssl
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest

from app.errors import Invalid
from app.services.webhooks import sending
from app.services.webhooks.sending import Answer, Sender
from app.settings import Settings
from tests.receiver import Receiver, answering, receiving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A server at 127.0.0.1."""
    with receiving(answering(204)) as made:
        yield made


def _leads(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Every name has these addresses; the names that were asked for."""
    asked: list[str] = []

    async def resolved(host: str, _: int) -> list[str]:
        asked.append(host)
        return list(addresses)

    monkeypatch.setattr(sending, "resolved", resolved)
    return asked


def _post(url: str, **settings: Any) -> Answer:
    async def sent() -> Answer:
        sender = Sender(Settings.model_validate({"webhook_timeout_seconds": 5, **settings}))
        try:
            return await sender.post(url, {"webhook-id": "msg_1"}, b"{}")
        finally:
            await sender.close()

    return asyncio.run(sent())


def _fault(url: str) -> str:
    async def checked() -> None:
        sender = Sender(Settings())
        try:
            await sender.check(url)
        finally:
            await sender.close()

    with pytest.raises(Invalid) as refused:
        asyncio.run(checked())
    (fault,) = refused.value.faults
    assert fault.pointer == "/url"
    return fault.code


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://partner.example/x", "not-https"),
        ("https://partner.example:22/x", "not-https"),
        ("https://partner.example:8080/x", "not-https"),
        ("ftp://partner.example/x", "not-https"),
        ("https:///x", "not-a-url"),
        ("https://", "not-a-url"),
        ("https://user@partner.example/x", "not-a-url"),
        ("https://user:x@partner.example/x", "not-a-url"),  # not a secret: there is no such host
        ("https://partner.example/x#y", "not-a-url"),
        ("https://partner.example:99999/x", "not-a-url"),
        ("https://127.0.0.1/x", "private-address"),
        ("https://127.1/x", "private-address"),
        ("https://2130706433/x", "private-address"),
        ("https://0x7f.1/x", "private-address"),
        ("https://0177.0.0.1/x", "not-a-url"),
        ("https://0/x", "private-address"),
        ("https://[::1]/x", "private-address"),
        ("https://[::ffff:127.0.0.1]/x", "private-address"),
        ("https://[64:ff9b::7f00:1]:8443/x", "private-address"),
        ("https://169.254.169.254/latest/meta-data", "private-address"),
        ("https://localhost/x", "private-address"),
        ("https://nobody.invalid/x", "unknown-host"),
    ],
)
def test_addresses_nobody_may_have_events_sent_to(url: str, code: str) -> None:
    assert _fault(url) == code


def test_a_name_that_leads_home_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    _leads(monkeypatch, "127.0.0.1")
    assert _fault("https://partner.example/x") == "private-address"


def test_one_address_of_ours_among_others_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    _leads(monkeypatch, "8.8.8.8", "10.0.0.1")
    assert _fault("https://partner.example/x") == "private-address"


def test_a_name_that_leads_home_later_is_not_followed(monkeypatch: pytest.MonkeyPatch, receiver: Receiver) -> None:
    """It was public when the subscription was made; each delivery looks again."""
    asked = _leads(monkeypatch, "127.0.0.1")
    answer = _post(f"https://partner.example:{receiver.port}/x")
    assert (answer.status, answer.error) == (None, "address")  # the port alone is refused, too
    answer = _post("https://partner.example/x")
    assert (answer.status, answer.error) == (None, "address")
    assert asked == ["partner.example"]
    assert receiver.requests == []


def test_the_connection_goes_to_what_was_checked(monkeypatch: pytest.MonkeyPatch, receiver: Receiver) -> None:
    """The name is resolved once, here; the request still is for the name."""
    asked = _leads(monkeypatch, "127.0.0.1")
    answer = _post(f"http://partner.example:{receiver.port}/x", webhooks_allow_private=True)
    assert (answer.status, answer.is_success) == (204, True)
    assert asked == ["partner.example"]
    (request,) = receiver.requests
    assert request.headers["host"] == f"partner.example:{receiver.port}"
    assert request.id == "msg_1"


def test_of_several_addresses_the_next_is_tried(monkeypatch: pytest.MonkeyPatch, receiver: Receiver) -> None:
    _leads(monkeypatch, "127.0.0.2", "127.0.0.1")
    answer = _post(f"http://partner.example:{receiver.port}/x", webhooks_allow_private=True)
    assert answer.status == 204


def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch, receiver: Receiver) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert _post(receiver.url, webhooks_allow_private=True).status == 204


class _Tls(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


@pytest.fixture
def tls_port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A server at 127.0.0.1 with a certificate for partner.example, and the service trusts who signed it."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    _certificate(key, certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Tls)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    trusting = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr(httpx, "create_ssl_context", lambda: trusting)
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


def _certificate(key: Path, certificate: Path) -> None:
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-keyout", str(key), "-out", str(certificate), "-days", "1", "-subj", "/CN=partner.example"]
    command += ["-addext", "subjectAltName=DNS:partner.example"]
    subprocess.run(command, check=True, capture_output=True)


def test_the_certificate_must_be_that_of_the_name(monkeypatch: pytest.MonkeyPatch, tls_port: int) -> None:
    _leads(monkeypatch, "127.0.0.1")
    assert _post(f"https://partner.example:{tls_port}/x", webhooks_allow_private=True).status == 204
    answer = _post(f"https://other.example:{tls_port}/x", webhooks_allow_private=True)
    assert (answer.status, answer.error) == (None, "connection")
