"""Signed heads: kept outside the database they show when even links and heads were rewritten together."""

import time
from collections.abc import Iterable, Iterator
from typing import Final

from app.services.audit.rules import Head, SignedHead
from app.services.clients.jwts import InvalidToken
from app.services.clients.tokens import Tokens

KIND: Final = "audit-head"


class NotSigned(Exception):
    """A line of an export is not one this service signed."""


def signed_lines(tokens: Tokens, heads: Iterable[Head], at: str) -> Iterator[str]:
    """The heads as one signed line (compact JWS) each; `at` is when the last round of chaining ran."""
    for head in heads:
        about = {"unit_id": head.unit_id, "no": head.no, "audit_id": head.audit_id, "digest": head.digest}
        yield tokens.sign(KIND, {"iss": tokens.issuer, "iat": int(time.time()), "at": at, **about})


def read_lines(tokens: Tokens, lines: Iterable[str]) -> Iterator[SignedHead]:
    """The heads of an export, or of several one after the other. Raises `NotSigned`."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            claims = tokens.signed(KIND, line.strip())
            head = Head(claims["unit_id"], claims["no"], claims["audit_id"], claims["digest"])
            yield SignedHead(head, claims["at"])
        except (InvalidToken, KeyError):
            raise NotSigned(f"line {number} was not signed with a key of this service") from None
