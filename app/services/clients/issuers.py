"""Whose tokens are believed, and where their keys come from: our own files, and the JWK sets of outside issuers.

An outside set is fetched now and then and kept; verifying never waits for it, but for a key id nobody has seen yet.
"""

import asyncio
import time
from pathlib import Path
from typing import Final

import httpx
import orjson
import structlog

from app.services.clients.keys import Key, Keys, UnusableKey, key_of_pem, keys_of_jwks, public
from app.settings import Settings, TrustedIssuer

FETCH_SECONDS: Final = 5.0
MAX_SET_BYTES: Final = 64 * 1024
COOLDOWN_SECONDS: Final = 30.0
"""Between two fetches from one issuer that unknown key ids may cause."""

_log: Final = structlog.get_logger("issuers")


class Issuer:
    """An issuer of access tokens, the audience and the claims it writes, and its keys of the moment."""

    def __init__(self, name: str, audience: str, keys: Keys, unit_claim: str = "unit", role_claim: str = "role"):
        self.name = name
        self.audience = audience
        self.keys = keys
        self.unit_claim = unit_claim
        self.role_claim = role_claim


class OutsideIssuer(Issuer):
    """An issuer whose JWK set is fetched from its address."""

    def __init__(self, trusted: TrustedIssuer, settings: Settings) -> None:
        audience = trusted.audience or settings.audience
        super().__init__(trusted.issuer, audience, Keys(), trusted.unit_claim, trusted.role_claim)
        self._address = trusted.jwks_url
        self._every = settings.issuer_refresh_seconds
        self._cooldown = min(COOLDOWN_SECONDS, self._every)
        self._tried = -COOLDOWN_SECONDS
        self._running: asyncio.Task[None] | None = None

    async def learn(self) -> None:
        """Fetches the set because a key id is not known, unless that was done moments ago; many ask as one."""
        if self._running is None or self._running.done():
            if time.monotonic() - self._tried < self._cooldown:
                return
            self._tried = time.monotonic()
            self._running = asyncio.create_task(self._refresh())
        await asyncio.shield(self._running)

    async def keep_current(self) -> None:
        """Fetches the set now and every few minutes, until cancelled."""
        while True:
            self._tried = -COOLDOWN_SECONDS
            await self.learn()
            await asyncio.sleep(self._every)

    async def _refresh(self) -> None:
        """Replaces the keys; the last good ones stay when the issuer does not answer with a JWK set."""
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                keys = keys_of_jwks(orjson.loads(await fetch(self._address)))
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            _log.warning("keys of an issuer are not renewed", issuer=self.name, error=type(error).__name__)
            return
        if keys != self.keys:
            self.keys = keys
            _log.info("an issuer has new keys", issuer=self.name, keys=len(keys))


async def fetch(address: str) -> bytes:
    """The bytes behind an address: no redirects, nothing compressed, 64 KiB at most."""
    headers = {"Accept": "application/json, application/jwk-set+json", "Accept-Encoding": "identity"}
    async with (
        httpx.AsyncClient(follow_redirects=False, timeout=FETCH_SECONDS, headers=headers) as client,
        client.stream("GET", address) as answer,
    ):
        if answer.status_code != httpx.codes.OK or "content-encoding" in answer.headers:
            raise UnusableKey("the address does not answer with a plain document")
        content = b""
        async for piece in answer.aiter_raw():
            content += piece
            if len(content) > MAX_SET_BYTES:
                raise UnusableKey("the document is too large")
    return content


def signing_key(path: Path) -> Key:
    """The private key that signs our tokens; `UnusableKey` for one that cannot."""
    key = key_of_pem(path.read_bytes())
    if not key.is_private or key.key_type == "RSA":
        raise UnusableKey(f"{path} is not a private Ed25519 or P-256 key")
    return key


def own_issuer(settings: Settings, signing: Key) -> Issuer:
    """This service: the key that signs, and those that signed before and still verify."""
    keys = [public(key) for key in (signing, *(key_of_pem(path.read_bytes()) for path in settings.previous_keys))]
    once = {key.thumbprint(): key for key in keys}
    return Issuer(settings.issuer, settings.audience, Keys(once.values()))
