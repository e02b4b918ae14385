"""Streams cut into lines and pieces, however they arrive."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.jobs import rules
from app.services.jobs.rules import TOO_LONG, Piece, pieces


async def _stream(parts: list[bytes]) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


def cut(*parts: bytes) -> list[Piece]:
    async def all_of_them() -> list[Piece]:
        return [piece async for piece in pieces(_stream(list(parts)))]

    return asyncio.run(all_of_them())


@given(st.lists(st.binary(max_size=12).map(lambda part: part.replace(b"\0", b"\n")), max_size=12))
def test_lines_are_the_same_however_they_arrive(parts: list[bytes]) -> None:
    whole = b"".join(parts)
    lines = whole.split(b"\n") if whole else []
    expected = [line.removesuffix(b"\r") for line in (lines[:-1] if lines and not lines[-1] else lines)]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(rules, "CHUNK_LINES", 3)
        found = cut(*parts)
    assert [line for piece in found for line in piece.content.split(b"\n")] == expected
    assert [piece.first_line for piece in found] == list(range(1, len(expected) + 1, 3))


def test_a_line_that_is_too_long_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MAX_LINE", 10)
    assert cut(b"a\n" + b"x" * 8, b"x" * 8, b"x" * 8 + b"\nb") == [Piece(1, b"a\n" + TOO_LONG + b"\nb")]
    assert cut(*[b"x" * 8] * 1_000) == [Piece(1, TOO_LONG)]


def test_a_piece_has_a_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "CHUNK_BYTES", 10)
    assert [piece.first_line for piece in cut(b"12345\n" * 5)] == [1, 3, 5]
