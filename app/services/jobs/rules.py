"""What holds for jobs: their states, how what is sent is cut into lines and pieces, how one tells what became of it."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

MAX_LINE: Final = 1024 * 1024
"""Bytes of a line; a longer one is a failure of its own and is not kept."""
CHUNK_LINES: Final = 1_000
CHUNK_BYTES: Final = 4 * 1024 * 1024
"""A piece is full with so many lines or bytes; it is done in one transaction."""
TOO_LONG: Final = b"\0"
"""What stands for a line that was too long; no line of text is like this."""
STALLED_MINUTES: Final = 10
"""An upload that has not got on for so long has lost its worker."""
KEPT_DAYS: Final = 30
"""How long a job is kept after it last got on."""
EXPORT: Final = "export_list"
EXPORT_KEPT_HOURS: Final = 24
"""How long an export is kept: its rows age, and are there to be fetched once."""
EXPORTS_AT_ONCE: Final = 4
"""How many exports a client, or a person it acts for, may have at work."""
AT_WORK: Final = ("waiting", "running")
COUNTS: Final = ("lines_read", "created", "updated", "unchanged", "stale", "failed")


@dataclass(frozen=True, slots=True)
class Piece:
    """Whole lines, and the number of the first of them."""

    first_line: int
    content: bytes


@dataclass(frozen=True, slots=True)
class Job:
    """A job as whoever works on it knows it."""

    id: str
    client_id: str
    kind: str
    options: Mapping[str, Any]
    request_id: str | None


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a piece: how many lines came to what, and the result; `rest` is a further piece it has led to."""

    counts: Mapping[str, int]
    result: bytes
    rest: bytes | None = None


@dataclass(slots=True)
class _Cutter:
    """Cuts bytes into lines and lines into pieces; holds one piece and one line at most."""

    first: int = 1
    lines: list[bytes] = field(default_factory=list)
    size: int = 0
    rest: bytearray = field(default_factory=bytearray)
    overlong: bool = False

    def feed(self, data: bytes) -> list[Piece]:
        """The pieces that are full with these bytes."""
        full: list[Piece] = []
        *whole, tail = data.split(b"\n")
        for part in whole:
            self._extend(part)
            full += self._end_of_line()
        self._extend(tail)
        return full

    def end(self) -> list[Piece]:
        """What is left; the last line need not have an end."""
        full = self._end_of_line() if self.rest or self.overlong else []
        return [*full, *self._piece()] if self.lines else full

    def _extend(self, part: bytes) -> None:
        if self.overlong or len(self.rest) + len(part) > MAX_LINE:
            self.overlong = True
            self.rest.clear()
        else:
            self.rest += part

    def _end_of_line(self) -> list[Piece]:
        line = TOO_LONG if self.overlong else bytes(self.rest).removesuffix(b"\r")
        self.rest.clear()
        self.overlong = False
        self.lines.append(line)
        self.size += len(line)
        return self._piece() if len(self.lines) >= CHUNK_LINES or self.size >= CHUNK_BYTES else []

    def _piece(self) -> list[Piece]:
        piece = Piece(self.first, b"\n".join(self.lines))
        self.first += len(self.lines)
        self.lines, self.size = [], 0
        return [piece]


async def pieces(stream: AsyncIterator[bytes]) -> AsyncIterator[Piece]:
    """Whole lines of a stream of any length, in memory that does not grow with it. CRLF is taken for LF."""
    cutter = _Cutter()
    async for data in stream:
        for piece in cutter.feed(data):
            yield piece
    for piece in cutter.end():
        yield piece
