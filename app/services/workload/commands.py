"""Setting classes of workload: every version stays."""

from dataclasses import asdict

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from app.clock import today
from app.errors import Conflict, invalid
from app.models.rules import workload_scheme
from app.services import journal
from app.services.work import Work
from app.services.workload.rules import NewScheme


async def set_scheme(work: Work, new: NewScheme) -> int:
    """Adds the next version of a unit's classes by an indicator; earlier ones stay. Returns its number.

    Raises Invalid for an unknown unit, or a decision to come; Conflict when a newer version begins later.
    """
    unit = work.ref.visible(work.caller, new.unit_id)
    if unit is None:
        raise invalid("unknown-reference", "no such unit", "không có đơn vị này", pointer="/unit_id")
    if new.decision_date > today():
        raise invalid("in-future", "lies in the future", "ở tương lai", pointer="/decision_date")
    table = workload_scheme.c
    same = (table.unit_id == new.unit_id, table.indicator == new.indicator)
    newest = select(func.max(table.version), func.max(table.since)).where(*same)
    version, since = (await work.session.execute(newest)).one()
    if since is not None and new.since < since:
        raise Conflict({"en": "A newer version begins later.", "vi": "Đã có phiên bản mới hơn bắt đầu sau ngày này."})
    values = asdict(new) | {"version": (version or 0) + 1}
    row = insert(workload_scheme).values(values).on_conflict_do_nothing().returning(table.version)
    if (await work.session.execute(row)).scalar() is None:
        raise Conflict({"en": "Somebody else set a version meanwhile.", "vi": "Đã có người khác đặt phiên bản mới."})
    await journal.record(
        work.session,
        subject="workload_scheme",
        subject_id=f"{unit.id}/{new.indicator}",
        unit_id=unit.id,
        version=values["version"],
        action="versioned",
        actor=work.actor,
        after={name: str(value) for name, value in values.items()},
    )
    return int(values["version"])
