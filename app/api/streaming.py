"""Answers of any length, piece by piece: no faster than they are taken, packed with gzip on request."""

import asyncio
import re
import zlib
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Final

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.errors import DomainError

NDJSON: Final = "application/x-ndjson"
# in the scope of a request for the headers alone
HEAD_ONLY: Final = "thads.head"
# whoever takes nothing for so long is not waited for
TAKEN_WITHIN_SECONDS: Final = 30
# cheap: text of this kind becomes a tenth, and would not become much less
_LEVEL: Final = 1
_GZIP: Final = 31  # the format, in zlib's parameter

_log: Final = structlog.get_logger("stream")


class Lines(Response):
    """Lines as they come. What goes wrong after the first of them can only break the connection off.

    Other media types than NDJSON are sent alike; what is `packed` by itself is not packed again.
    """

    media_type = NDJSON

    def __init__(
        self, request: Request, lines: AsyncGenerator[bytes], media_type: str = NDJSON, *, packed: bool = False
    ) -> None:
        headers = {"Vary": "Accept-Encoding", "X-Accel-Buffering": "no"}
        super().__init__(headers=headers, media_type=media_type)
        del self.headers["content-length"]
        self._packed = not packed and accepts_gzip(request)
        if self._packed:
            self.headers["Content-Encoding"] = "gzip"
        self._lines = lines

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends the answer; ends the work behind it when the caller leaves."""
        async with aclosing(self._lines) as lines:
            pieces = _packed(lines) if self._packed else lines
            first = b"" if HEAD_ONLY in scope else await anext(pieces)  # refuses what it refuses before the first byte
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            if HEAD_ONLY not in scope:
                await _passed_on(first, pieces, send)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _passed_on(first: bytes, pieces: AsyncIterator[bytes], send: Send) -> None:
    piece: bytes | None = first
    try:
        while piece is not None:
            async with asyncio.timeout(TAKEN_WITHIN_SECONDS):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            piece = await anext(pieces, None)
    except (DomainError, TimeoutError) as error:
        _log.warning("a stream was broken off", error=str(error))
        raise ClientDisconnect from error


async def _packed(lines: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    packer = zlib.compressobj(_LEVEL, wbits=_GZIP)
    async for piece in lines:
        if packed := packer.compress(piece):
            yield packed
    yield packer.flush()


def accepts_gzip(request: Request) -> bool:
    """Whether the caller asks for gzip."""
    for part in ",".join(request.headers.getlist("accept-encoding")).lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        if name in ("gzip", "*"):
            return not any(re.fullmatch(r"q=0(\.0{0,3})?", parameter) for parameter in parameters)
    return False
