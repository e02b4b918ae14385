"""Cases as commands find and leave them, however many: their rows under lock, what else decides, and the trail."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any, Final

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError, invalid
from app.models.aggregates import INSTITUTIONS
from app.services import journal
from app.services.access import Visibility, wall
from app.services.books.commands import CASE_COLUMNS
from app.services.cases import rules
from app.services.cases.queries import case_wall
from app.services.cases.rules import LINE_ORDER, BookedEvent, NewParty
from app.services.journal import Thing
from app.services.reference import Officer, Reference, Unit
from app.services.work import Work

# What has changed in a case's row for good, as the audit shows it; personal data stay out of the trail.
PLAIN: Final = (
    "file_no",
    "decision_no",
    "decision_date",
    "kind",
    "matter_id",
    "judgment_no",
    "judgment_date",
    "court",
)
_AUDITED: Final = (*PLAIN, "segment", "unit_id", "officer_id", "account", "amount_vnd", "outstanding_vnd")


class Refused(Exception):
    """Some of many cases cannot be written: case id → why. What was written of the others must be undone."""

    def __init__(self, errors: Mapping[str, DomainError]) -> None:
        super().__init__(f"{len(errors)} of the cases")
        self.errors = dict(errors)

    @property
    def only(self) -> DomainError:
        """Why, where there was one case."""
        return next(iter(self.errors.values()))


async def locked(work: Work, case_ids: Collection[str]) -> dict[str, dict[str, Any]]:
    """Rows by id, locked for this transaction, of those of the cases that the caller may see."""
    scope = work.ref.scope(work.caller, None)
    columns = ", ".join(f"c.{c}::text" if c.endswith("id") else f"c.{c}" for c in CASE_COLUMNS)
    sql = f"""SELECT {columns}, c.accepted_on, c.version, ARRAY(SELECT i.institution FROM case_institution i
            WHERE i.case_id = c.id ORDER BY i.institution) AS institutions FROM enforcement_case c
        WHERE c.id = ANY(%(ids)s::uuid[]) AND {case_wall(scope)} ORDER BY c.id FOR NO KEY UPDATE"""
    connection = await work.session.connection()
    found = await connection.exec_driver_sql(sql, {"ids": list(case_ids), **scope.wall()})
    return {row["id"]: dict(row) for row in found.mappings()}


async def versions_of(work: Work, case_ids: Collection[str]) -> dict[str, int]:
    """Versions of those of the cases that the caller may see."""
    if not case_ids:
        return {}
    scope = work.ref.scope(work.caller, None)
    sql = f"""SELECT c.id::text AS id, c.version FROM enforcement_case c
        WHERE c.id = ANY(%(ids)s::uuid[]) AND {case_wall(scope)}"""
    connection = await work.session.connection()
    found = await connection.exec_driver_sql(sql, {"ids": list(case_ids), **scope.wall()})
    return {row["id"]: row["version"] for row in found.mappings()}


async def histories(session: AsyncSession, case_ids: Collection[str]) -> dict[str, list[BookedEvent]]:
    """Everything ever booked of each case."""
    sql = f"""SELECT case_id::text, {LINE_ORDER} FROM entry WHERE case_id = ANY(CAST(:ids AS uuid[]))
        ORDER BY case_id, event_no, line"""
    rows = await session.execute(text(sql), {"ids": list(case_ids)})
    of_cases = groupby((tuple(row) for row in rows), key=lambda row: row[0])
    return {case_id: rules.history_of([line[1:] for line in lines]) for case_id, lines in of_cases}


async def of_matters(work: Work, matter_ids: Iterable[str | None]) -> dict[str, dict[str, Any]]:
    """What cases have from their matters: the mark of a steering committee that tracks or has tracked one, its class.

    Only matters the caller may see are in it.
    """
    wanted = sorted({matter_id for matter_id in matter_ids if matter_id is not None})
    if not wanted:
        return {}
    scope = work.ref.scope(work.caller, None)
    # The lock keeps the answer true until the cases are in: tracking may start at the same time.
    sql = f"""SELECT m.id::text AS id, m.ever_tracked AS steering_matter, m.confidentiality FROM matter m
        WHERE m.id = ANY(%(ids)s::uuid[]) AND {wall("m", scope)} ORDER BY m.id FOR SHARE"""
    connection = await work.session.connection()
    found = await connection.exec_driver_sql(sql, {"ids": wanted, **scope.wall()})
    matters = [dict(row) for row in found.mappings()]
    return {matter.pop("id"): matter for matter in matters}


def known_unit(work: Work, unit_id: str, on: date, pointer: str) -> Unit:
    """The unit if the caller may see it and it exists on the day; unknown and foreign sound the same."""
    unit = work.ref.visible(work.caller, unit_id)
    if unit is None or not unit.existed(on):
        raise invalid("unknown-reference", "no such unit on that day", "không có đơn vị này", pointer=pointer)
    return unit


def known_officer(ref: Reference, officer_id: str, unit: Unit, on: date, pointer: str) -> Officer:
    """The officer if posted to the unit on the day."""
    officer = ref.officers.get(officer_id)
    posting = officer.posting(on) if officer else None
    if officer is None or posting is None or posting.unit_id != unit.id:
        raise invalid("unknown-reference", "no such officer there", "không có chấp hành viên này", pointer=pointer)
    return officer


def check_judgment(judged_on: date | None, decided_on: date) -> None:
    """A judgment comes before the decision to enforce it."""
    if judged_on is not None and judged_on > decided_on:
        raise invalid("day-order", "lies after decision_date", "sau ngày quyết định", pointer="/judgment_date")


_PARTY: Final = (
    "case_id uuid, no smallint, role text, kind text, credit_institution boolean, institution text, name text, "
    "masked_name text, search_name text, id_number text, address text, phone text"
)
_PARTY_COLUMNS: Final = ", ".join(column.split()[0] for column in _PARTY.split(", "))
_ADD_PARTIES: Final = text(f"""
    INSERT INTO party ({_PARTY_COLUMNS})
    SELECT {_PARTY_COLUMNS} FROM json_to_recordset(CAST(:parties AS json)) AS p ({_PARTY})""")


async def write_parties(session: AsyncSession, parties: Mapping[str, Sequence[NewParty]]) -> None:
    """Adds the parties of cases that have none."""
    listed = [_party_row(case_id, no, p) for case_id, own in parties.items() for no, p in enumerate(own, 1)]
    await session.execute(_ADD_PARTIES, {"parties": orjson.dumps(listed).decode()})


_KEPT: Final = ("role", "kind", "credit_institution", "institution", "name", "id_number", "address", "phone")
_WRITTEN: Final = text(f"""
    SELECT case_id::text, {", ".join(_KEPT)} FROM party WHERE case_id = ANY(CAST(:ids AS uuid[]))
    ORDER BY case_id, no""")


async def rewritten(session: AsyncSession, parties: Mapping[str, Sequence[NewParty]]) -> dict[str, Sequence[NewParty]]:
    """Those of the cases whose parties are not what they are to be, with what they are to be."""
    written: dict[str, list[tuple[Any, ...]]] = {case_id: [] for case_id in parties}
    for row in await session.execute(_WRITTEN, {"ids": list(parties)}):
        written[row[0]].append(tuple(row[1:]))
    return {case_id: own for case_id, own in parties.items() if written[case_id] != [_kept(p) for p in own]}


def _kept(p: NewParty) -> tuple[Any, ...]:
    number = rules.plain_number(p.id_number) if p.id_number else None
    return (p.role, p.kind, p.credit_institution, p.institution, p.name, number, p.address, p.phone)


def _party_row(case_id: str, number: int, p: NewParty) -> dict[str, Any]:
    return {
        "case_id": case_id,
        "no": number,
        "role": p.role,
        "kind": p.kind,
        "credit_institution": p.credit_institution,
        "institution": p.institution,
        "name": p.name,
        "masked_name": rules.masked(p.name, p.kind),
        "search_name": rules.search_form(p.name),
        "id_number": rules.plain_number(p.id_number) if p.id_number else None,
        "address": p.address,
        "phone": p.phone,
    }


# The index by which a credit institution finds the cases it may see, made anew from the parties of these cases.
_NO_INSTITUTIONS: Final = text("DELETE FROM case_institution WHERE case_id = ANY(CAST(:ids AS uuid[]))")
_INSTITUTIONS: Final = text(
    "INSERT INTO case_institution (institution, decision_date, case_id) "
    f"{INSTITUTIONS} AND c.id = ANY(CAST(:ids AS uuid[])) ORDER BY 1, 2, 3"
)


async def write_institutions(session: AsyncSession, case_ids: Collection[str]) -> None:
    """Makes the index of institutions right for these cases."""
    for statement in (_NO_INSTITUTIONS, _INSTITUTIONS):
        await session.execute(statement, {"ids": list(case_ids)})


@dataclass(frozen=True, slots=True)
class Written:
    """A case row before and after a change, and its new version."""

    before: dict[str, Any]
    after: dict[str, Any]
    version: int


async def record(work: Work, action: str, written: Iterable[Written]) -> None:
    """The trail of one change of each of these cases."""
    things = [_thing(one) for one in written]
    await journal.record_each(work.session, things, action=action, actor=work.actor)


def _thing(written: Written) -> Thing:
    before, after = written.before, written.after
    changed = [name for name in _AUDITED if before[name] != after[name]]
    was, now = _visibility(before), _visibility(after)
    return Thing(
        "case",
        before["id"],
        after["unit_id"],
        written.version,
        {name: str(after[name]) for name in changed},
        now.confidentiality,
        before={name: str(before[name]) for name in changed},
        was=None if was == now else was,
    )


def _visibility(row: dict[str, Any]) -> Visibility:
    """What decides who sees a case."""
    return Visibility(row["unit_path"], row["confidentiality"], tuple(row["institutions"]))
