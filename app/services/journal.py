"""The one place that writes what happened: an audit record of every change and of every unmasked read, and a change
record of every change."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from sqlalchemy import ColumnElement, ScalarSelect, insert, literal_column, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.journal import audit_record, change_record
from app.models.organisation import unit
from app.services.access import ORDINARY, Actor, Visibility

# Changes of these are known to every worker's cache at once.
REFERENCE_SUBJECTS: Final = ("unit", "officer", "client", "priority_rule", "regime", "target")

UNMASKED: Final = "unmasked"
"""The action of a read that showed personal data."""

_TRANSACTION: Final[ColumnElement[int]] = literal_column("pg_current_xact_id()::text::bigint")


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
    institutions: tuple[str, ...] | None = None,
    was: Visibility | None = None,
) -> None:
    """Writes the trail of one change in the transaction of the change itself.

    `before` and `after` are masked copies: personal data do not enter, for nobody can take them out again.
    `confidentiality` and `institutions` decide with the unit who learns of the change, and so does `was` where the
    change altered them or the unit: whoever saw the thing then learns that it has left their view.
    The caller holds the lock of the thing, or versions of it would come out of order.
    """
    about: dict[str, Any] = {"subject": subject, "subject_id": subject_id, "unit_id": unit_id, "action": action}
    about |= {"client_id": actor.client_id, "confidentiality": confidentiality}
    await _audit(session, actor, {**about, "before": before, "after": after, "reason": actor.reason})
    await _change(session, {**about, "version": version, "institutions": institutions}, was)
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


async def _change(session: AsyncSession, values: Mapping[str, Any], was: Visibility | None) -> None:
    before = {} if was is None else {f"was_{name}": value for name, value in asdict(was).items()}
    row = {**values, **before, "unit_path": _path(values["unit_id"]), "transaction_id": _TRANSACTION}
    # no RETURNING: a writer need not be allowed to read the trail
    await session.execute(insert(change_record).values(row).inline())


async def _audit(session: AsyncSession, actor: Actor, values: Mapping[str, Any]) -> None:
    who: dict[str, Any] = {"client_id": actor.client_id, "request_id": actor.request_id}
    if actor.person is not None:
        person = actor.person
        who |= {"person_id": person.id, "person_unit_id": person.unit_id, "person_role": person.role}
    row = {**values, **who, "unit_path": _path(values["unit_id"])}
    await session.execute(insert(audit_record).values(row).inline())


def _path(unit_id: str | None) -> ScalarSelect[str] | None:
    return None if unit_id is None else select(unit.c.path).where(unit.c.id == unit_id).scalar_subquery()
