"""The one place that writes what every change leaves behind: an audit record and a change record."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import ColumnElement, insert, literal_column
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.books import audit_record, change_record
from app.services.access import Actor

# Changes of these are known to every worker's cache at once.
REFERENCE_SUBJECTS: Final = ("unit", "officer", "client", "priority_rule", "regime", "target")

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
) -> None:
    """Writes the trail of one change in the transaction of the change itself."""
    about = {"subject": subject, "subject_id": subject_id, "unit_id": unit_id, "action": action}
    trail = {"client_id": actor.client_id, "request_id": actor.request_id, "reason": actor.reason}
    content = {"before": before, "after": after}
    await session.execute(insert(audit_record).values(**about, **trail, **content))
    await session.execute(
        insert(change_record).values(**about, version=version, transaction_id=_TRANSACTION),
    )
    if subject in REFERENCE_SUBJECTS:
        session.info["reference_changed"] = True
