"""Every pattern against texts made to keep it busy: the time must not explode with the length."""

import importlib
import pkgutil
import re
import time
from collections.abc import Callable, Iterator
from typing import Annotated, Any

import pytest
from pydantic import StringConstraints, TypeAdapter

import app
from app.api.accept import accepted
from app.api.body import MAX_BODY, MAX_DEPTH, parsed
from app.api.middleware import MAX_HEADER
from app.api.problems import language
from app.errors import DomainError
from tests.api.operations import document

MOST_SECONDS = 0.05
# what repeats inside such texts, and the end that makes a match fail at last
PIECES = [
    "a",
    "A",
    "0",
    "1",
    ".",
    "-",
    "_",
    "/",
    ",",
    " ",
    "\t",
    "%",
    "%1",
    '"',
    '\\"',
    "\\",
    'W/"',
    '"a",',
    "a.",
    "a-",
]
PIECES += ["[", "{", "a,b", "0.0", "1:", "T", "=", "q=0;", ";", "\\u00", "http://", "<!-- table a -->\n", "\u0301", "ệ"]
ENDS = ["", "!", "\n", "\0", '"', "\\"]


def _patterns() -> dict[str, re.Pattern[Any]]:
    """The compiled patterns of all modules."""
    names = [module.name for module in pkgutil.walk_packages(app.__path__, "app.")]
    return {
        f"{name}.{member}": value
        for name in names
        for member, value in vars(importlib.import_module(name)).items()
        if isinstance(value, re.Pattern)
    }


def _contracted(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("pattern"), str):
            yield value["pattern"]
        for member in value.values():
            yield from _contracted(member)
    elif isinstance(value, list):
        for member in value:
            yield from _contracted(member)


PATTERNS = _patterns()
CONTRACTED = sorted(set(_contracted(document())))


def _texts(length: int) -> Iterator[str]:
    for piece in PIECES:
        for end in ENDS:
            yield piece * (length // len(piece)) + end


def _seconds(work: Callable[[], object]) -> float:
    """The quicker of two runs, in time of the processor for this thread: other work does not count."""
    taken = []
    for _ in range(2):
        start = time.thread_time()
        work()
        taken.append(time.thread_time() - start)
        if taken[0] < MOST_SECONDS:
            break
    return min(taken)


@pytest.mark.parametrize("name", PATTERNS)
def test_no_pattern_of_the_code_is_kept_busy(name: str) -> None:
    pattern = PATTERNS[name]
    for text in _texts(MAX_HEADER):
        subject = text if isinstance(pattern.pattern, str) else text.encode()
        for search in (pattern.search, pattern.fullmatch, pattern.findall):
            assert _seconds(lambda search=search, subject=subject: search(subject)) < MOST_SECONDS, text[:20]  # type: ignore[misc]


@pytest.mark.parametrize("pattern", CONTRACTED)
def test_no_pattern_of_the_contract_is_kept_busy(pattern: str) -> None:
    """As the service checks it, and as callers may, who have only the document and a backtracking engine."""
    adapter: TypeAdapter[str] = TypeAdapter(Annotated[str, StringConstraints(pattern=pattern)])
    theirs = re.compile(pattern)
    for text in _texts(2_000):
        assert _seconds(lambda text=text: theirs.search(text)) < MOST_SECONDS, text[:20]  # type: ignore[misc]
        assert _seconds(lambda text=text: adapter.validator.isinstance_python(text)) < MOST_SECONDS, text[:20]  # type: ignore[misc]


@pytest.mark.parametrize(("size", "most"), [(MAX_BODY // 16, MOST_SECONDS), (MAX_BODY, MOST_SECONDS * 10)])
@pytest.mark.parametrize("end", ["", '"', "]"])
@pytest.mark.parametrize("piece", ['\\"', '"', '"\\', "\\", '["', '",[', '"\\"[', "[", "{", "a"])
def test_no_body_is_kept_busy_by_its_brackets(piece: str, end: str, size: int, most: float) -> None:
    """Sixteen times the size may take sixteen times as long, not its square."""
    raw = ("[" * (MAX_DEPTH + 1) + '"' + piece * (size // len(piece)) + end).encode()[:size]

    def refused() -> None:
        with pytest.raises(DomainError):
            parsed(raw)

    assert _seconds(refused) < most


@pytest.mark.parametrize("read", [language, lambda text: accepted(text, ["application/json"])])
def test_no_header_is_kept_busy(read: Callable[[str], object]) -> None:
    for text in _texts(MAX_HEADER):
        assert _seconds(lambda text=text: read(text)) < MOST_SECONDS, text[:20]  # type: ignore[misc]
