"""The query string of a request, split once."""

from typing import Final
from urllib.parse import parse_qsl, quote, unquote_plus

from starlette.types import Scope

_PAIRS: Final = "thads.query"
# what may stand in a query string as it is; "%" begins what was escaped by the caller
_SENT: Final = "!$%&'()*+,/:;=?@"


def query_pairs(scope: Scope) -> list[tuple[str, str]]:
    """Names and values of the query string, in their order."""
    pairs: list[tuple[str, str]] | None = scope.get(_PAIRS)
    if pairs is None:
        pairs = scope[_PAIRS] = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    return pairs


def query_with(scope: Scope, name: str, value: str) -> str:
    """The query string as it was sent, but for one parameter; `value` is of letters, digits, "-" and "_"."""
    parts: list[bytes] = scope["query_string"].split(b"&")
    kept = [part for part in parts if part and unquote_plus(part.partition(b"=")[0].decode("latin-1")) != name]
    return quote(b"&".join([*kept, f"{name}={value}".encode()]), safe=_SENT)
