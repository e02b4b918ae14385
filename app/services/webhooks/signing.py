"""Keys of webhooks and signatures by them (Standard Webhooks: `v1a` Ed25519, `v1` HMAC-SHA256).

No key is kept anywhere. The keys of a subscription follow from the secret of the service, its id, the kind of
signature and a number that rotation raises; who reads the database alone can sign nothing.
"""

import base64
import hmac
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app.settings import Settings

ASYMMETRIC: Final = "v1a"
SYMMETRIC: Final = "v1"
_SIZE: Final = 32


class Keyring:
    """What all keys are derived from."""

    def __init__(self, settings: Settings) -> None:
        secret = settings.webhook_secret or settings.cursor_secret
        self._secret = secret.get_secret_value().encode()

    def public_key(self, webhook_id: str, kind: str, number: int) -> str | None:
        """`whpk_…`, by which a receiver verifies; None where both sides have the same secret."""
        if kind != ASYMMETRIC:
            return None
        public = self._private(webhook_id, number).public_key()
        return f"whpk_{_text(public.public_bytes(Encoding.Raw, PublicFormat.Raw))}"

    def secret(self, webhook_id: str, kind: str, number: int) -> str | None:
        """`whsec_…`, for the answer that makes it; None where there is nothing the receiver must keep secret."""
        return f"whsec_{_text(self._derived(webhook_id, kind, number))}" if kind == SYMMETRIC else None

    def signed(self, webhook_id: str, kind: str, numbers: list[int], event: str, at: int, body: bytes) -> str:
        """The header `webhook-signature`: one signature for each of the keys with these numbers."""
        content = f"{event}.{at}.".encode() + body
        return " ".join(f"{kind},{_text(self._signature(webhook_id, kind, no, content))}" for no in numbers)

    def _signature(self, webhook_id: str, kind: str, number: int, content: bytes) -> bytes:
        if kind == ASYMMETRIC:
            return self._private(webhook_id, number).sign(content)
        return hmac.digest(self._derived(webhook_id, kind, number), content, "sha256")

    def _private(self, webhook_id: str, number: int) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self._derived(webhook_id, ASYMMETRIC, number))

    def _derived(self, webhook_id: str, kind: str, number: int) -> bytes:
        about = f"thads webhook {webhook_id} {kind} {number}".encode()
        return HKDF(SHA256(), _SIZE, salt=None, info=about).derive(self._secret)


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()
