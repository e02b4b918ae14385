"""Walking the chains: what does not fit is found piece by piece, so that memory does not grow with the trail.

Digests are computed here from built-in functions only: a function of the database could be made to lie.
"""

from collections.abc import Iterable
from typing import Any, Final

from app.db import Reads, Row
from app.services.audit.rules import (
    LATE,
    NATION,
    NEVER_LINKED,
    NO_HEAD,
    NOT_SIGNED,
    OTHER_HEAD,
    WHY,
    Break,
    Head,
    SignedHead,
    Verdict,
    tail_missing,
)

PIECE: Final = 20_000

# What a digest is made of, as JSON: numbers, texts and times have one form each, and no two records the same text.
CONTENT: Final = """jsonb_build_array({link}.no, {link}.since AT TIME ZONE 'UTC', {record}.id, {record}.subject,
            {record}.subject_id, {record}.unit_id, {record}.unit_path, {record}.confidentiality, {record}.action,
            {record}.client_id, {record}.person_id, {record}.person_unit_id, {record}.person_role, {record}.request_id,
            {record}.reason, {record}.before, {record}.after, {record}.transaction_id,
            {record}.recorded_at AT TIME ZONE 'UTC')::text"""

_LATE: Final = f"interval '{int(LATE.total_seconds())} seconds'"
# The last link of the piece before stands in front of the first one of this piece.
_PIECE: Final = f"""
    WITH piece AS MATERIALIZED (
        SELECT l.unit_id, l.no, l.audit_id, l.since, l.digest FROM audit_link l
        WHERE (l.unit_id, l.no) > (%(unit_id)s::uuid, %(no)s::bigint) ORDER BY l.unit_id, l.no LIMIT %(size)s
    ), placed AS (
        SELECT p.*,
            lag(p.no, 1, CASE p.unit_id WHEN %(unit_id)s::uuid THEN %(no)s::bigint ELSE 0 END) OVER chain AS no_before,
            lag(p.digest, 1, CASE p.unit_id WHEN %(unit_id)s::uuid THEN %(digest)s::bytea ELSE '' END) OVER chain
                AS digest_before,
            lag(p.since, 1, CASE p.unit_id WHEN %(unit_id)s::uuid THEN %(since)s::timestamptz ELSE p.since END)
                OVER chain AS since_before
        FROM piece p WINDOW chain AS (PARTITION BY p.unit_id ORDER BY p.no)
    ), checked AS (
        SELECT l.unit_id, l.no, l.audit_id, l.since, l.digest, l.no_before, CASE
            WHEN l.no <> l.no_before + 1 THEN 'missing'
            WHEN r.id IS NULL THEN 'deleted'
            WHEN l.unit_id <> coalesce(r.unit_id, '{NATION}') OR l.digest IS DISTINCT FROM
                sha256(l.digest_before || convert_to({CONTENT.format(link="l", record="r")}, 'UTF8')) THEN 'changed'
            WHEN l.since < l.since_before THEN 'disordered'
            WHEN r.recorded_at < l.since - {_LATE} THEN 'backdated'
            END AS fault
        FROM placed l LEFT JOIN audit_record r ON r.id = l.audit_id
    ), summed AS (
        SELECT *, row_number() OVER (PARTITION BY unit_id, fault ORDER BY no) AS times,
            count(*) OVER (PARTITION BY unit_id) AS size, no = max(no) OVER (PARTITION BY unit_id) AS ends
        FROM checked
    )
    SELECT unit_id, no, audit_id, since, digest, no_before, fault, ends, size FROM summed
    WHERE ends OR (fault IS NOT NULL AND times = 1) ORDER BY unit_id, no"""

_WAITING: Final = f"""
    WITH piece AS MATERIALIZED (
        SELECT r.id, coalesce(r.unit_id, '{NATION}') AS chain, r.recorded_at FROM audit_record r
        WHERE r.id > %(id)s ORDER BY r.id LIMIT %(size)s
    ), alone AS (
        SELECT p.*, l.audit_id IS NULL AS waits, p.recorded_at < %(at)s::timestamptz - {_LATE} AS late
        FROM piece p LEFT JOIN audit_link l ON l.audit_id = p.id
    )
    SELECT chain, max(id), count(*) FILTER (WHERE waits AND NOT late), min(id) FILTER (WHERE waits AND late)
    FROM alone GROUP BY chain"""
_HEADS: Final = """
    SELECT h.unit_id, h.no, h.audit_id, encode(h.digest, 'hex'), l.digest = h.digest AND l.audit_id = h.audit_id,
        coalesce((SELECT max(x.no) FROM audit_link x WHERE x.unit_id = h.unit_id), 0)
    FROM audit_head h LEFT JOIN audit_link l ON l.unit_id = h.unit_id AND l.no = h.no ORDER BY h.unit_id"""
_SIGNED: Final = """
    SELECT (SELECT l.digest = decode(%(digest)s, 'hex') FROM audit_link l
            WHERE l.unit_id = %(unit_id)s::uuid AND l.no = %(no)s),
        (SELECT l.since < %(at)s::timestamptz FROM audit_link l
            WHERE l.unit_id = %(unit_id)s::uuid AND l.no = %(no)s + 1),
        (SELECT coalesce(max(l.no), 0) FROM audit_link l WHERE l.unit_id = %(unit_id)s::uuid)"""


class _Found:
    """The first broken place of each chain, and how far the chains go."""

    def __init__(self) -> None:
        self.breaks: dict[str, Break] = {}
        self.chains: set[str] = set()
        self.linked = 0
        self.waiting = 0

    def add(self, broken: Break) -> None:
        """Keeps it unless one was found earlier in the chain."""
        known = self.breaks.get(broken.unit_id)
        if known is None or (broken.no is not None and (known.no is None or broken.no < known.no)):
            self.breaks[broken.unit_id] = broken


async def verify(db: Reads, signed: Iterable[SignedHead] = ()) -> Verdict:
    """Compares every record with its link, every link with the one before, the ends with the heads.

    `signed` are heads exported earlier: they show what a superuser did who mended links and heads.
    """
    found = _Found()
    at = await last_round(db)
    await _walk(db, found)
    await _look_for_unlinked(db, found, at)
    await _compare_heads(db, found)
    for head in signed:
        await _compare_signed(db, found, head)
    breaks = sorted(found.breaks.values(), key=lambda broken: broken.unit_id)
    return Verdict(len(found.chains), found.linked, found.waiting, tuple(breaks))


async def last_round(db: Reads) -> str:
    """When chaining last ran (RFC 3339); it linked everything committed before."""
    (at,) = (await db.fetch("SELECT at FROM audit_round"))[0]
    return str(at)


async def heads(db: Reads) -> list[Head]:
    """The last link of every chain."""
    return [Head(*row[:4]) for row in await db.fetch(_HEADS)]


async def _walk(db: Reads, found: _Found) -> None:
    last: dict[str, Any] = {"unit_id": NATION, "no": 0, "digest": b"", "since": None}
    while rows := await db.fetch(_PIECE, {**last, "size": PIECE}):
        for row in rows:
            _note(found, row)
        unit_id, no, _, since, digest, *_ = rows[-1]
        last = {"unit_id": unit_id, "no": no, "digest": digest, "since": since}


def _note(found: _Found, row: Row) -> None:
    unit_id, no, audit_id, _, _, no_before, fault, ends, size = row
    if ends:
        found.chains.add(unit_id)
        found.linked += size
    if fault == "missing":
        found.add(Break(unit_id, no_before + 1, None, WHY[fault]))
    elif fault is not None:
        found.add(Break(unit_id, no, audit_id, WHY[fault]))


async def _look_for_unlinked(db: Reads, found: _Found, at: str) -> None:
    last = 0
    while rows := await db.fetch(_WAITING, {"id": last, "at": at, "size": PIECE}):
        for chain, _, waiting, audit_id in rows:
            found.waiting += waiting
            if audit_id is not None:
                found.add(Break(chain, None, audit_id, NEVER_LINKED))
        last = max(row[1] for row in rows)


async def _compare_heads(db: Reads, found: _Found) -> None:
    known = set()
    for *columns, fits, last_no in await db.fetch(_HEADS):
        head = Head(*columns)
        known.add(head.unit_id)
        if last_no < head.no:
            found.add(tail_missing(head, last_no, "the head"))
        elif last_no > head.no or not fits:
            found.add(Break(head.unit_id, head.no, head.audit_id, OTHER_HEAD))
    for unit_id in found.chains - known:
        found.add(Break(unit_id, None, None, NO_HEAD))


async def _compare_signed(db: Reads, found: _Found, signed: SignedHead) -> None:
    head = signed.head
    asked = {"unit_id": head.unit_id, "no": head.no, "digest": head.digest, "at": signed.at}
    fits, too_early, last_no = (await db.fetch(_SIGNED, asked))[0]
    if last_no < head.no:
        found.add(tail_missing(head, last_no, "a signed head"))
    elif not fits:
        found.add(Break(head.unit_id, head.no, head.audit_id, NOT_SIGNED))
    elif too_early:
        found.add(Break(head.unit_id, head.no + 1, None, WHY["disordered"]))
