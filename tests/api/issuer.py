"""An outside issuer over HTTP whose JWK set tests change at will, and tokens with any header, well signed."""

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from uuid import uuid4

from joserfc.jwk import OKPKey

ISSUER: Final = "https://sso.moj.example.vn"
AUDIENCE: Final = "thads"


def signed(key: OKPKey, header: dict[str, Any], claims: Any) -> str:
    """A JWT with exactly this header and these claims, signed with the key whatever they say."""
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, claims)]
    signature = key.private_key.sign(b".".join(parts))  # type: ignore[union-attr]  # tests make Ed25519 keys
    return b".".join([*parts, base64.urlsafe_b64encode(signature).rstrip(b"=")]).decode()


def new_key() -> OKPKey:
    """A fresh Ed25519 key with an id."""
    return OKPKey.generate_key("Ed25519", auto_kid=True)


@dataclass
class FakeIssuer:
    """What the address answers, and how often it was asked."""

    address: str = ""
    key: OKPKey = field(default_factory=new_key)
    document: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0
    asked: int = 0

    def publish(self, *keys: Any) -> None:
        """Answers with these keys from now on; the first one signs."""
        self.key = keys[0]
        self.status, self.headers, self.delay = 200, {}, 0
        self.document = json.dumps({"keys": [key.as_dict(private=False) for key in keys]}).encode()

    def token(self, key: OKPKey | None = None, header: dict[str, Any] | None = None, **claims: Any) -> str:
        """An access token of this issuer for client `national`; a claim or header of None is left out."""
        key = key or self.key
        full = {"alg": "EdDSA", "typ": "at+jwt", "kid": key.kid, **(header or {})}
        return signed(key, {name: value for name, value in full.items() if value is not None}, self.claims(**claims))

    def claims(self, **claims: Any) -> dict[str, Any]:
        """What its access tokens say."""
        now = int(time.time())
        values = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": "national",
            "client_id": "national",
            "scope": "cases:read",
            "iat": now,
            "exp": now + 600,
            "jti": str(uuid4()),
            **claims,
        }
        return {name: value for name, value in values.items() if value is not None}


@contextmanager
def issuing() -> Iterator[FakeIssuer]:
    """Serves a JWK set until the block ends."""
    fake = FakeIssuer()
    fake.publish(fake.key)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            fake.asked += 1
            time.sleep(fake.delay)
            redirected = self.path == "/elsewhere"  # where a well-formed set waits for those who follow
            document = b'{"keys": []}' if redirected else fake.document
            self.send_response(200 if redirected else fake.status)
            for name, value in {"Content-Length": str(len(document)), **({} if redirected else fake.headers)}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(document)

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        fake.address = f"http://127.0.0.1:{server.server_port}/keys"
        thread = threading.Thread(target=server.serve_forever, name="issuer")
        thread.start()
        try:
            yield fake
        finally:
            server.shutdown()
            thread.join(10)
