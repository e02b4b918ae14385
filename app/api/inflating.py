"""Bodies that were packed with gzip, unpacked as they come; what grows beyond reason is refused on the way."""

import zlib
from collections.abc import AsyncIterator
from typing import Final

from starlette.requests import Request

from app.api.problems import Malformed, TooLarge, UnsupportedMediaType, header_fault
from app.errors import Fault

MOST_BYTES: Final = 2 * 1024**3
"""Of a file, as it is when unpacked."""
MOST_RATIO: Final = 100
RATIO_FROM: Final = 16 * 1024**2
"""A file that unpacks to more than so many bytes may not be more than a hundred times as long as it was sent: lines
that differ in their numbers alone are forty times as long, what was made to fill the disk a thousand times."""
_GZIP: Final = 31  # the format, in zlib's parameter
_AT_ONCE: Final = 256 * 1024


def is_packed(request: Request) -> bool:
    """Whether the body is packed with gzip; 415 for any other encoding."""
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip"):
        en, vi = "must be gzip or identity", "chỉ chấp nhận gzip hoặc identity"
        fault = header_fault("Content-Encoding", "unsupported-encoding", en, vi)
        raise UnsupportedMediaType(faults=[fault], headers={"Accept-Encoding": "gzip, identity"})
    return encoding == "gzip"


async def content_of(request: Request) -> AsyncIterator[bytes]:
    """The body as it was before it was packed. Raises TooLarge, and Malformed when it is not gzip to its end."""
    unpacked = _unpacked(request.stream()) if is_packed(request) else request.stream()
    size = 0
    async for data in unpacked:
        size += len(data)
        if size > MOST_BYTES:
            raise _too_large()
        yield data


async def _unpacked(stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    unpacker = zlib.decompressobj(wbits=_GZIP)
    came = went = 0
    async for data in stream:
        came += len(data)
        rest, is_full = data, False
        while rest or is_full:  # when it is full there may be more without further bytes
            if rest and unpacker.eof:  # a file may be made of several
                unpacker = zlib.decompressobj(wbits=_GZIP)
            piece = _next(unpacker, rest)
            rest = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
            is_full = len(piece) == _AT_ONCE and not unpacker.eof
            went += len(piece)
            if went > max(RATIO_FROM, came * MOST_RATIO):
                raise _too_large()
            yield piece
    if came and not unpacker.eof:
        raise _not_gzip()


def _next(unpacker: "zlib._Decompress", data: bytes) -> bytes:
    try:
        return unpacker.decompress(data, _AT_ONCE)
    except zlib.error:
        raise _not_gzip() from None


def _not_gzip() -> Malformed:
    message = {"en": "is not gzip, or ends too early", "vi": "không phải gzip hoặc bị cắt ngắn"}
    return Malformed(faults=[Fault("not-gzip", message, pointer="")])


def _too_large() -> TooLarge:
    return TooLarge(headers={"Connection": "close"})
