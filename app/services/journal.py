"""The one place that writes what happened: an audit record of every change and of every unmasked read, and a change
record of every change."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import orjson
from sqlalchemy import ColumnElement, ScalarSelect, func, insert, literal_column, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.cases import case_institution, enforcement_case
from app.models.journal import audit_record, change_record
from app.models.organisation import matter, unit
from app.services.access import ORDINARY, Actor, Visibility

# Changes of these are known to every worker's cache at once.
REFERENCE_SUBJECTS: Final = ("unit", "officer", "client", "priority_rule", "regime", "target")

UNMASKED: Final = "unmasked"
"""The action of a read that showed personal data."""

_TRANSACTION: Final[ColumnElement[int]] = literal_column("pg_current_xact_id()::text::bigint")


@dataclass(frozen=True, slots=True)
class Thing:
    """One of many things that were changed, or shown, alike; `version` is the new one, `after` as in `record`.

    `was_confidentiality` is its class before, when the change altered that alone; `was` is as in `record`.
    """

    subject: str
    subject_id: str
    unit_id: str | None
    version: int = 1
    after: Mapping[str, Any] | None = None
    confidentiality: int = ORDINARY
    was_confidentiality: int | None = None
    before: Mapping[str, Any] | None = None
    was: Visibility | None = None


async def record(
    session: AsyncSession,
    *,
    subject: str,
    subject_id: str,
    unit_id: str | None,
    version: int,
    action: str,
    actor: Actor,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    confidentiality: int = ORDINARY,
    was: Visibility | None = None,
) -> None:
    """Writes the trail of one change in the transaction of the change itself.

    `before` and `after` are masked copies: personal data do not enter, for nobody can take them out again.
    Who learns of the change follows from unit, class and institutions of the thing, and from `was` where the change
    altered one of these: whoever saw the thing then learns that it has left their view.
    The caller holds the lock of the thing, or versions of it would come out of order.
    """
    about = {"subject": subject, "subject_id": subject_id, "unit_id": unit_id, "action": action}
    highest = confidentiality if was is None else max(confidentiality, was.confidentiality)
    content = {"before": before, "after": after, "confidentiality": highest, "reason": actor.reason}
    await _audit(session, actor, {**about, **content})
    change: dict[str, Any] = {**about, "version": version, "client_id": actor.client_id, "transaction_id": _TRANSACTION}
    change |= {"unit_path": _path(unit_id), "confidentiality": _class({**about, "confidentiality": confidentiality})}
    change["institutions"] = _institutions(subject, subject_id)
    if was is not None:
        change |= {f"was_{name}": value for name, value in asdict(was).items()}
    # no RETURNING: a writer need not be allowed to read the trail
    await session.execute(insert(change_record).values(change).inline())
    session.info["changed"] = True
    if subject in REFERENCE_SUBJECTS:
        session.info["reference_changed"] = True


async def seen(
    session: AsyncSession,
    *,
    subject: str,
    subject_id: str,
    unit_id: str | None,
    actor: Actor,
    purpose: str | None,
    shown: Mapping[str, Any] | None = None,
    confidentiality: int = ORDINARY,
) -> None:
    """Puts on record that personal data of the subject were shown, what for, and to whom.

    `shown` may say which members or how many people, never the data.
    """
    about = {"subject": subject, "subject_id": subject_id, "unit_id": unit_id, "action": UNMASKED}
    await _audit(session, actor, {**about, "reason": purpose, "after": shown, "confidentiality": confidentiality})


async def record_each(session: AsyncSession, things: Sequence[Thing], *, action: str, actor: Actor) -> None:
    """The trail of one change of many things; as `record`, in one statement."""
    await session.execute(_RECORD_EACH, _of_each(things, actor, action, actor.reason))
    session.info["changed"] = True
    if any(thing.subject in REFERENCE_SUBJECTS for thing in things):
        session.info["reference_changed"] = True


async def seen_each(session: AsyncSession, things: Sequence[Thing], *, actor: Actor, purpose: str | None) -> None:
    """Puts on record that personal data of many subjects were shown; as `seen`, in one statement."""
    await session.execute(_SEEN_EACH, _of_each(things, actor, UNMASKED, purpose))


# Subjects that are of a class, or about something that is, and where it stands.
_CLASSED: Final = {"case": enforcement_case, "legal_hold": enforcement_case, "matter": matter}
# Known to institutions like to everybody. Of other things they are told only of cases of their own.
_WITHOUT_PARTIES: Final = ("unit", "officer")
# Things with the path of their unit, and their class now and before.
_THINGS: Final = """
    WITH t AS MATERIALIZED (
        SELECT t.*, u.path AS unit_path, greatest(t.confidentiality, (
                SELECT c.confidentiality FROM enforcement_case c
                WHERE t.subject IN ('case', 'legal_hold') AND c.id = CAST(t.subject_id AS uuid))) AS class,
            coalesce(t.was_confidentiality, CAST(t.was ->> 'confidentiality' AS smallint)) AS was_class
        FROM jsonb_to_recordset(CAST(:things AS jsonb)) AS t (
            subject text, subject_id text, unit_id uuid, version bigint, after jsonb, confidentiality smallint,
            was_confidentiality smallint, before jsonb, was jsonb)
        LEFT JOIN unit u ON u.id = t.unit_id ORDER BY t.subject, t.subject_id
    )"""
_AUDITED: Final = """
    INSERT INTO audit_record (subject, subject_id, unit_id, unit_path, confidentiality, action, client_id, person_id,
        person_unit_id, person_role, request_id, reason, before, after)
    SELECT subject, subject_id, unit_id, unit_path, greatest(class, was_class), :action, :client_id, :person_id,
        CAST(:person_unit_id AS uuid), :person_role, CAST(:request_id AS uuid), :reason, before, after
    FROM t"""
_SEEN_EACH: Final = text(_THINGS + _AUDITED)
_RECORD_EACH: Final = text(f"""{_THINGS}, audited AS ({_AUDITED}
    )
    INSERT INTO change_record (subject, subject_id, unit_id, version, action, transaction_id, client_id, unit_path,
        confidentiality, institutions, was_unit_path, was_confidentiality, was_institutions)
    SELECT t.subject, t.subject_id, t.unit_id, t.version, :action, pg_current_xact_id()::text::bigint, :client_id,
        t.unit_path, t.class, i.institutions,
        CASE WHEN t.was_class IS NOT NULL THEN coalesce(t.was ->> 'unit_path', t.unit_path) END, t.was_class,
        CASE WHEN t.was IS NOT NULL THEN ARRAY(SELECT jsonb_array_elements_text(t.was -> 'institutions'))
            WHEN t.was_confidentiality IS NOT NULL THEN i.institutions END
    FROM t CROSS JOIN LATERAL (
        SELECT CASE WHEN t.subject = 'case' THEN ARRAY(
                SELECT c.institution FROM case_institution c WHERE c.case_id = CAST(t.subject_id AS uuid))
            WHEN t.subject NOT IN {_WITHOUT_PARTIES} THEN CAST('{{}}' AS text[]) END AS institutions) i""")
_NOBODY: Final = {"person_id": None, "person_unit_id": None, "person_role": None}


def _of_each(things: Sequence[Thing], actor: Actor, action: str, reason: str | None) -> dict[str, Any]:
    listed = orjson.dumps(list(things)).decode()
    return {**_NOBODY, **_who(actor), "things": listed, "action": action, "reason": reason}


async def _audit(session: AsyncSession, actor: Actor, values: Mapping[str, Any]) -> None:
    given = {"unit_path": _path(values["unit_id"]), "confidentiality": _class(values)}
    await session.execute(insert(audit_record).values({**values, **_who(actor), **given}).inline())


def _who(actor: Actor) -> dict[str, Any]:
    who: dict[str, Any] = {"client_id": actor.client_id, "request_id": actor.request_id}
    if actor.person is not None:
        person = actor.person
        who |= {"person_id": person.id, "person_unit_id": person.unit_id, "person_role": person.role}
    return who


def _class(values: Mapping[str, Any]) -> Any:
    """The class of what a record is about, as it is now; at least the one that was given."""
    table = _CLASSED.get(values["subject"])
    if table is None:
        return values["confidentiality"]
    now = select(table.c.confidentiality).where(table.c.id == values["subject_id"]).scalar_subquery()
    return func.greatest(values["confidentiality"], now)


def _institutions(subject: str, subject_id: str) -> Any:
    """The institutions that may learn of a change; None when all may."""
    if subject in _WITHOUT_PARTIES:
        return None
    if subject != "case":
        return []
    columns = case_institution.c
    return func.array(select(columns.institution).where(columns.case_id == subject_id).scalar_subquery())


def _path(unit_id: str | None) -> ScalarSelect[str] | None:
    return None if unit_id is None else select(unit.c.path).where(unit.c.id == unit_id).scalar_subquery()
