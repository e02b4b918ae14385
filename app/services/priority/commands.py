"""Changing the priority rules: a version is never rewritten, a newer one takes over from a day on."""

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import text

from app.clock import today
from app.db import in_context
from app.errors import Conflict, Forbidden, invalid
from app.models import aggregates as agg
from app.models.cases import HIGH_VALUE_INDEX_FLOOR
from app.services import journal
from app.services.access import ROOT, SERVICE
from app.services.priority.rules import HIGH_VALUE
from app.services.work import Work


@dataclass(frozen=True, slots=True)
class NewRule:
    """A rule version to be: what makes the flag from `since` on; amounts in VND."""

    flag: str
    since: date
    years: int | None
    years_inclusive: bool
    min_amount_vnd: int | None
    amount_meant: str
    requires_conditions: bool
    legal_basis: str


_LATEST: Final = """
    SELECT version, lower(validity), upper(validity), min_amount_vnd, years, years_inclusive, amount_meant,
        requires_conditions, legal_basis
    FROM priority_rule WHERE flag = :flag ORDER BY version DESC LIMIT 1"""
_CLOSE: Final = """
    UPDATE priority_rule SET validity = daterange(lower(validity), least(upper(validity), :since))
    WHERE flag = :flag AND version = :version"""
_INSERT: Final = """
    INSERT INTO priority_rule (flag, version, years, years_inclusive, min_amount_vnd, amount_meant,
        requires_conditions, legal_basis, validity)
    VALUES (:flag, :version, :years, :years_inclusive, :min_amount_vnd, :amount_meant, :requires_conditions,
        :legal_basis, daterange(:since, NULL))"""


async def set_rule(work: Work, new: NewRule) -> int:
    """Sets the next version of a rule from today or a later day on and ends the one before; returns its number.

    Raises Forbidden unless the caller has the whole nation, Invalid for a day that has passed or a threshold below
    what is indexed, Conflict when the newest version begins on that day or later.
    """
    _check(work, new)
    # one new version at a time; nobody who only reads the rules waits for it
    await work.session.execute(text("LOCK TABLE priority_rule IN SHARE ROW EXCLUSIVE MODE"))
    latest = (await work.session.execute(text(_LATEST), {"flag": new.flag})).mappings().first()
    if latest is not None and latest["lower"] >= new.since:
        raise Conflict(
            {"en": "A version begins on that day or later.", "vi": "Đã có phiên bản bắt đầu từ ngày đó hoặc sau đó."},
            extra={"latest_since": latest["lower"].isoformat()},
        )
    version = latest["version"] + 1 if latest is not None else 1
    if latest is not None:
        await work.session.execute(text(_CLOSE), {"flag": new.flag, "version": latest["version"], "since": new.since})
    await work.session.execute(text(_INSERT), {**asdict(new), "version": version})
    if new.flag == HIGH_VALUE and (latest is None or latest["min_amount_vnd"] != new.min_amount_vnd):
        await _rebuild_open_stock(work)
    await _record(work, new, version, dict(latest) if latest is not None else None)
    return version


def _check(work: Work, new: NewRule) -> None:
    if ROOT not in work.caller.paths:
        raise Forbidden({"en": "Rules hold for the whole nation.", "vi": "Quy tắc áp dụng cho toàn quốc."})
    if new.since < today():
        raise invalid("in-past", "lies in the past", "ở quá khứ", pointer="/since")
    if new.min_amount_vnd is not None and new.min_amount_vnd < HIGH_VALUE_INDEX_FLOOR:
        least = f"{HIGH_VALUE_INDEX_FLOOR:,}"
        raise invalid("too-small", f"must be at least {least}", f"phải từ {least} đồng", pointer="/min_amount_vnd")


async def _rebuild_open_stock(work: Work) -> None:
    """Sorts the open stock into value classes by the new threshold.

    Writers are waited for and kept out until the commit: they would sort by the old threshold. Readers are not.
    """
    await work.session.execute(text("LOCK TABLE enforcement_case IN SHARE MODE"))
    columns = f"{agg.STOCK_KEY}, cases, amount_vnd, outstanding_vnd"
    async with in_context(work.session, SERVICE):  # figures count every case, whatever its class
        await work.session.execute(text("DELETE FROM open_stock"))
        await work.session.execute(text(f"INSERT INTO open_stock ({columns}) {agg.OPEN_STOCK}"))


async def _record(work: Work, new: NewRule, version: int, before: dict[str, Any] | None) -> None:
    await journal.record(
        work.session,
        subject="priority_rule",
        subject_id=new.flag,
        unit_id=None,
        version=version,
        action="versioned",
        actor=work.actor,
        before={name: str(value) for name, value in before.items()} if before else None,
        after={name: str(value) for name, value in asdict(new).items()},
    )
