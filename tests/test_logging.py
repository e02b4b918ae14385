"""Log lines: what callers send neither breaks one nor floods it, and of a traceback the end is kept."""

from typing import Any

import pytest

from app import logging


def _logged(**event: Any) -> dict[str, Any]:
    return dict(logging._harmless(None, "", event))


def test_a_short_text_is_kept() -> None:
    assert _logged(event="thi hành án", number=3) == {"event": "thi hành án", "number": 3}


@pytest.mark.parametrize("sign", ["a", "ă"])
def test_of_a_long_text_both_ends_are_kept(sign: str) -> None:
    cut = _logged(exception=f"begin {sign * 100_000} end")["exception"]
    assert (cut[:6], cut[-4:]) == ("begin ", " end")
    assert len(cut) <= logging.MAX_TEXT + 10


def test_half_a_character_is_written_as_an_escape() -> None:
    assert _logged(event="\ud83d")["event"] == "\\ud83d"
