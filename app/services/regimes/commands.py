"""Setting the next version of a regime's counting rules: none is ever rewritten."""

from dataclasses import asdict, replace

from sqlalchemy.dialects.postgresql import insert

from app.clock import today
from app.errors import Conflict, Forbidden, NotFound
from app.models.rules import regime_version
from app.services import journal
from app.services.regimes.rules import NewVersion, Regime, check_lines, check_since
from app.services.work import Work


async def set_version(work: Work, new: NewVersion) -> Regime:
    """Adds the next version of a regime and returns it.

    Raises NotFound for an unknown regime, Forbidden unless the caller has the whole nation, Invalid when the rules are
    not sound or begin on a wrong day, Conflict when a newer version begins later or somebody else was faster.
    """
    newest = next((regime for regime in reversed(work.ref.regimes) if regime.code == new.code), None)
    if newest is None:
        raise NotFound
    if not any(unit.parent_id is None and work.caller.covers(unit.path) for unit in work.ref.units.values()):
        raise Forbidden({"en": "Rules hold for the whole nation.", "vi": "Quy tắc áp dụng cho toàn quốc."})
    check_lines(new.lines)
    check_since(newest, new, today())
    made = replace(
        newest,
        version=newest.version + 1,
        provisional=new.provisional,
        lines={measure: {line: list(accounts) for line, accounts in fed.items()} for measure, fed in new.lines.items()},
        legal_basis=new.legal_basis,
        counted_since=new.since,
    )
    row = insert(regime_version).values(**asdict(new), version=made.version)
    if (await work.session.execute(row.on_conflict_do_nothing().returning(regime_version.c.version))).scalar() is None:
        raise Conflict({"en": "Somebody else set a version meanwhile.", "vi": "Đã có người khác đặt phiên bản mới."})
    await _record(work, made, newest)
    return made


async def _record(work: Work, made: Regime, before: Regime) -> None:
    def shown(regime: Regime) -> dict[str, str]:
        names = ("version", "counted_since", "provisional", "lines", "legal_basis")
        return {name: str(getattr(regime, name)) for name in names}

    await journal.record(
        work.session,
        subject="regime",
        subject_id=made.code,
        unit_id=None,
        version=made.version,
        action="versioned",
        actor=work.actor,
        before=shown(before),
        after=shown(made),
    )
