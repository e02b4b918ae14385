"""The query string of a request, split once."""

from typing import Final
from urllib.parse import parse_qsl

from starlette.types import Scope

_PAIRS: Final = "thads.query"


def query_pairs(scope: Scope) -> list[tuple[str, str]]:
    """Names and values of the query string, in their order."""
    pairs: list[tuple[str, str]] | None = scope.get(_PAIRS)
    if pairs is None:
        pairs = scope[_PAIRS] = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    return pairs
