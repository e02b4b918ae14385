"""POST that may be repeated safely: the answer is stored under the caller's `Idempotency-Key`.

Key and change share one transaction, so either both exist or neither. A second request with the same key waits
for the first (the unique key blocks it) and then gets the same answer; errors are not stored.
"""

import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from app.api.body import RAW_BODY
from app.api.problems import Malformed, header_fault
from app.db import SeenBy
from app.services.access import Caller
from app.services.clients.commands import StoredAnswer, claim_key, keep_answer

HEADER: Final = "Idempotency-Key"
SAFE: Final[dict[str, Any]] = {"x-safe": True}
"""`openapi_extra=` of a POST that only asks, with a body in place of an address: it changes nothing and has no key."""
REPEATABLE: Final[dict[str, Any]] = {"x-repeatable": True}
"""`openapi_extra=` of a change without key or `If-Match`: what it carries tells what was done already."""
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a POST answers: JSON bytes, 201 by default, with headers such as `Location` and `ETag`."""

    body: bytes
    status: int = 201
    headers: Mapping[str, str] = field(default_factory=dict)


async def once(
    request: Request,
    db: SeenBy,
    caller: Caller,
    work: Callable[[AsyncSession], Awaitable[Answer]],
) -> Response:
    """Runs `work` in one transaction with its idempotency key, or repeats the answer it gave before."""
    key = _key(request)
    if caller.person is not None:
        key = f"{key} {caller.person.id}"  # the keys of a portal are those of each of its people; keys hold no blanks
    fingerprint = _fingerprint(request)

    async def unit(session: AsyncSession) -> tuple[StoredAnswer, bool]:
        earlier = await claim_key(session, caller.client_id, key, fingerprint)
        if earlier is not None:
            return earlier, True
        answer = await work(session)
        stored = StoredAnswer(answer.status, answer.headers, answer.body)
        await keep_answer(session, caller.client_id, key, stored)
        return stored, False

    answer, replayed = await db.write(unit)
    headers = {**answer.headers, **({"Idempotency-Replayed": "true"} if replayed else {})}
    return Response(answer.body, answer.status, headers, media_type="application/json")


def _key(request: Request) -> str:
    values = request.headers.getlist(HEADER)
    if not values:
        raise Malformed(faults=[header_fault(HEADER, "required", "is required", "là bắt buộc")])
    if len(values) > 1 or not _KEY.fullmatch(values[0]):
        en, vi = "must be 1 to 255 visible ASCII characters", "phải gồm 1 đến 255 ký tự ASCII hiển thị được"
        raise Malformed(faults=[header_fault(HEADER, "wrong-format", en, vi)])
    return values[0]


def _fingerprint(request: Request) -> bytes:
    head = f"{request.method}\n{request.scope['path']}\n".encode() + request.scope["query_string"] + b"\n"
    return hashlib.sha256(head + request.scope.get(RAW_BODY, b"")).digest()
