"""Two old provinces that became one, with the lives of their cases; and the books of any units, added up plainly."""

import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import count
from typing import Any
from unittest.mock import patch

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import Conflict, Invalid
from app.services.access import Actor, Caller
from app.services.books.rules import Event
from app.services.cases import commands, corrections
from app.services.cases.rules import NewCase, NewObligation, NewParty
from app.services.statistics.rules import Period
from app.services.work import Work
from tests.builders import NATION_ID, Service

NATION = Caller("scenario", frozenset(), ("vn.",))
MERGED_ON = date(2025, 7, 1)
LAW_2025 = date(2026, 7, 1)
IN = ("accepted", "raised", "register_back", "handed_in")
WITH = ("enforcing", "deferred_by_agreement", "other")
STOCK = (*WITH, "no_conditions", "deferred", "suspended")
DONE = ("completed", "terminated", "reduced", "returned")
TURNS = (
    "conditions_lost", "conditions_lost", "conditions_lost", "conditions_found", "deferred_by_agreement", "deferred",
    "suspended", "continued", "moved_to_other", "collected", "reduced", "amount_raised", "terminated_in_part",
    "entrusted_in_part", "officer_changed", "reversed",
)  # fmt: skip
REGISTER = ("to_separate_register", "back_from_register")
ENDS = ("completed", "terminated", "entrusted", "withdrawn", "pulled_up", "struck_off")
LAST = date(2026, 11, 20)
KINDS = ("civil", "criminal", "commercial")
BANK, COURT = NewParty("creditor", "organisation", "Ngân hàng A", credit_institution=True), "money_state_budget"
CORRECTED = 0.15
SUMS = ("collected", "reduced", "amount_raised", "terminated_in_part", "entrusted_in_part")
_numbers = count(1)


@dataclass(frozen=True)
class Desk:
    """A unit with two officers."""

    id: str
    path: str
    officers: tuple[str, str]


@dataclass
class Scenario:
    """The units: two old provinces with a district each, the new province with the office that succeeded both."""

    old: list[Desk] = field(default_factory=list)
    districts: list[Desk] = field(default_factory=list)
    new: Desk | None = None
    office: Desk | None = None
    matters: list[str] = field(default_factory=list)

    @property
    def province(self) -> Desk:
        """The new province."""
        assert self.new
        return self.new

    @property
    def room(self) -> Desk:
        """The regional office of the new province."""
        assert self.office
        return self.office

    def ids(self, *desks: Desk) -> set[str]:
        """Units of these desks."""
        return {desk.id for desk in desks}

    @property
    def everything(self) -> set[str]:
        """All units of the scenario."""
        return self.ids(*self.old, *self.districts, self.province, self.room)


_UNIT = """
    INSERT INTO unit (code, level, parent_id, path, validity)
    VALUES (:code, :level, CAST(:parent AS uuid), :path, CAST(:validity AS daterange)) RETURNING id::text"""
_NAME = (
    "INSERT INTO unit_name (unit_id, name, validity) VALUES (CAST(:unit AS uuid), :name, CAST(:validity AS daterange))"
)
_OFFICER = """
    WITH o AS (INSERT INTO officer (code, name) VALUES (:code, :name) RETURNING id)
    INSERT INTO officer_posting (officer_id, unit_id, rank, validity)
    SELECT id, CAST(:unit AS uuid), 'senior', CAST(:validity AS daterange) FROM o RETURNING officer_id::text"""
_SUCCESSOR = """
    INSERT INTO unit_successor (predecessor_id, successor_id, since)
    VALUES (CAST(:old AS uuid), CAST(:new AS uuid), '2025-07-01')"""
_MATTER = "INSERT INTO matter (code, name, unit_path) VALUES (:code, 'Vụ án', :path) RETURNING id::text"
OLD, NEW = "[2009-01-01,2025-07-01)", "[2025-07-01,)"


async def _desk(session: AsyncSession, level: str, parent: str, path: str, validity: str) -> Desk:
    number = next(_numbers)
    code = f"S.{number:04}"

    async def insert(statement: str, **values: str) -> str:
        return str((await session.execute(text(statement), {**values, "validity": validity})).scalar_one())

    unit = await insert(_UNIT, code=code, level=level, parent=parent, path=path)
    await session.execute(text(_NAME), {"unit": unit, "name": f"Đơn vị {number}", "validity": validity})
    officers = [await insert(_OFFICER, code=f"{code}.{n}", name=f"Lê Văn {n}", unit=unit) for n in (1, 2)]
    return Desk(unit, path, (officers[0], officers[1]))


async def _map(session: AsyncSession) -> Scenario:
    made, number = Scenario(), next(_numbers)
    for letter in "ab":
        path = f"vn.s{number:04}{letter}."
        province = await _desk(session, "provincial", NATION_ID, path, OLD)
        made.old.append(province)
        made.districts.append(await _desk(session, "district", province.id, f"{path}d1.", OLD))
    made.new = await _desk(session, "provincial", NATION_ID, f"vn.s{number:04}n.", NEW)
    made.office = await _desk(session, "regional", made.new.id, f"vn.s{number:04}n.k1.", NEW)
    for letter in "xy":
        values = {"code": f"S.{number:04}{letter}", "path": f"vn.s{number:04}n."}
        made.matters.append(str((await session.execute(text(_MATTER), values)).scalar_one()))
    for old, new in [*((p, made.new) for p in made.old), *((d, made.office) for d in made.districts)]:
        await session.execute(text(_SUCCESSOR), {"old": old.id, "new": new.id})
    return made


def build(service: Service, seed: int, cases: int) -> Scenario:
    """Makes the units and lets cases live in them until today; on 2025-07-01 what is left goes to the new office."""
    made = service.runner.run(service.db.write(_map))
    service.runner.run(service.reference.reload())
    chance = random.Random(seed)
    for _ in range(cases):
        service.runner.run(service.db.write(lambda session: _life(_work(service, session), made, chance)))
    return made


def write(service: Service, act: Callable[[Work], Awaitable[Any]]) -> Any:
    """Runs one change."""
    return service.runner.run(service.db.write(lambda session: act(_work(service, session))))


def _work(service: Service, session: AsyncSession) -> Work:
    return Work(session, service.reference.current, NATION, Actor("scenario"))


def new_case(desk: Desk, day: date, amount: int) -> NewCase:
    """A case of the first officer of a desk."""
    duty = NewObligation("money_party" if amount else "non_monetary", amount, "Trả nợ")
    return NewCase("1/HS", "1/QĐ", day, day, desk.id, desk.officers[0], "civil", "on_request", [duty],
                   [NewParty("debtor", "individual", "Nguyễn Văn An")])  # fmt: skip


async def _life(work: Work, made: Scenario, chance: random.Random) -> None:
    day = date(2022, 8, 1) + timedelta(days=chance.randrange(1500))
    desk = chance.choice([*made.districts, *made.old] if day < MERGED_ON else [made.room])
    new = new_case(desk, day, chance.choice([0, *[chance.randrange(10**9)] * 4]))
    case = await commands.create_case(work, _of_some_sort(new, made, chance))
    for _ in range(chance.randrange(12)):
        day += timedelta(days=chance.randrange(120))
        if chance.random() < CORRECTED:
            await _correct(work, made, case, min(day, LAST), chance)
        if day >= MERGED_ON and await _merged(work, made, case, desk):
            desk = made.room
        ends = ENDS if day < LAW_2025 else ("request_returned",)
        for names in (REGISTER, ends if chance.randrange(3) == 0 else TURNS, TURNS):
            event = await _event(work, case, desk, day, chance.choice(names), chance)
            if day <= LAST and await attempt(work, case, event):
                break
    await _merged(work, made, case, desk)


def _of_some_sort(new: NewCase, made: Scenario, chance: random.Random) -> NewCase:
    duty = new.obligations[0]
    return replace(
        new,
        kind=chance.choice(KINDS),
        initiation=chance.choice(("on_request", "on_request", "ex_officio")),
        obligations=[replace(duty, kind=COURT) if duty.amount_vnd and chance.random() < 0.3 else duty],
        parties=[*new.parties, *([BANK] if chance.random() < 0.3 else [])],
        corruption_economic=chance.random() < 0.2,
        matter_id=chance.choice([*made.matters, None, None, None, None]),
    )


async def _correct(work: Work, made: Scenario, case: str, day: date, chance: random.Random) -> None:
    """What was written about the case turns out to be wrong on some day."""
    changes: dict[str, Any] = chance.choice(
        [
            {"kind": chance.choice(KINDS)},
            {"matter_id": chance.choice([*made.matters, None])},
            {"corruption_economic": chance.random() < 0.5},
            {"parties": [NewParty("debtor", "individual", "Nguyễn Văn An"), *chance.choice(([], [BANK]))]},
        ]
    )
    with patch.object(corrections, "today", lambda: day):
        await commands.change_case(work, case, None, changes)


async def _merged(work: Work, made: Scenario, case: str, desk: Desk) -> bool:
    if desk is made.room:
        return False
    to = made.room
    return await attempt(work, case, Event("handed_over", MERGED_ON, to_unit_id=to.id, to_officer_id=to.officers[0]))


async def _event(work: Work, case: str, desk: Desk, day: date, name: str, chance: random.Random) -> Event:
    query = text("SELECT outstanding_vnd, officer_id::text FROM enforcement_case WHERE id = CAST(:id AS uuid)")
    rest, officer = (await work.session.execute(query, {"id": case})).one()
    if name in SUMS:
        return Event(name, day, amount=max(chance.randrange(rest + 1), 1))
    if name == "officer_changed":
        other = next(o for o in desk.officers if o != officer)
        return Event(name, day, to_unit_id=desk.id, to_officer_id=other)
    if name == "struck_off":
        paid = chance.randrange(rest + 1)
        return Event(name, day, amount=paid, parts={"completed": paid, "reduced": rest - paid})
    return Event(name, day)


async def attempt(work: Work, case: str, event: Event) -> bool:
    """Books an event if the life of the case allows it."""
    try:
        await commands.book_event(work, case, None, commands.Posting(event))
    except (Conflict, Invalid):
        return False
    return True


Line = tuple[str, str, str, str, int, int, date]


def entries(service: Service) -> list[Line]:
    """Every line of the books: unit, officer, accounts, cases, VND, the day it counts on."""
    sql = "SELECT unit_id, officer_id, from_account, to_account, cases, amount_vnd, booked_on FROM entry"
    return [(*row[:6], date.fromisoformat(row[6])) for row in service.runner.run(service.db.fetch(sql))]


def added_up(lines: Iterable[Line], measure: str, period: Period) -> dict[str, int]:
    """The lines of a statement under Circular 05/2024, from entries alone."""
    opening, moved, came, went = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    for _, _, source, target, cases, amount, day in lines:
        number = cases if measure == "cases" else amount
        balance = opening if day < period.first else moved if day <= period.last else None
        if balance is None:
            continue
        balance[target] += number
        balance[source] -= number
        if balance is moved:
            came[source] += number
            came[target] -= number
            went[target] += number
            went[source] -= number
    done = {name: went[name] for name in DONE}
    held = {name: opening[name] + moved[name] for name in STOCK}
    register = ("register_carried", "register_new", "register_back", "register_moved")
    return {
        "carried_over": sum(opening[name] for name in STOCK) - went["register_carried"],
        "newly_accepted": came["accepted"] + came["raised"] + came["register_back"] - went["register_new"],
        "handed_over_net": came["handed_in"] - went["handed_out"],
        "entrusted": went["entrusted"],
        "withdrawn": went["withdrawn"],
        "pulled_up": went["pulled_up"],
        "done": sum(done.values()),
        "enforcing": held["enforcing"],
        "deferred_by_agreement": held["deferred_by_agreement"],
        "other": held["other"],
        "without_conditions": held["no_conditions"],
        "deferred_or_suspended": held["deferred"] + held["suspended"],
        "accepted": came["accepted"],
        "raised": came["raised"],
        "back_from_register": came["register_back"],
        "to_register_carried": went["register_carried"],
        "to_register_new": went["register_new"],
        "handed_in": came["handed_in"],
        "handed_out": went["handed_out"],
        **done,
        "stock": sum(held.values()),
        "ended": sum(done.values()) + went["entrusted"] + went["withdrawn"] + went["pulled_up"],
        "separate_register": sum(opening[name] + moved[name] for name in register),
    }
