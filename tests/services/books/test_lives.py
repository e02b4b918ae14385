"""Random lives of cases against a plain in-memory model: same states, same balances, identities everywhere."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from functools import partial
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from app.errors import Conflict, Invalid, InvalidTransition
from app.models.codes import ACCOUNTS
from app.services.access import SECRET, Actor, Caller
from app.services.books.queries import verify
from app.services.books.rules import Event
from app.services.cases import commands
from app.services.cases.rules import NewCase, NewObligation, NewParty
from app.services.work import Work
from tests.builders import Office, Service, offices
from tests.services.books.model import ENDS, STOCK, SUMS, TURNS, ModelBooks

NATION = Caller("model", frozenset(), ("vn.",), SECRET)
START, END = date(2023, 8, 1), date(2026, 10, 31)
PLAIN = sorted({*TURNS, *ENDS, "to_separate_register", "back_from_register"})
DAYS = st.integers(0, 400)


class Lives(RuleBasedStateMachine):
    """Accepts cases in two offices, books whatever may happen, and compares."""

    service: Service
    cases = Bundle("cases")

    @initialize()
    def open_books(self) -> None:
        self.model = ModelBooks()
        self.here, self.there = self.run(offices(self.service, 2))

    def run(self, work: Any) -> Any:
        return self.service.runner.run(work)

    def work(self, session: Any) -> Work:
        return Work(session, self.service.reference.current, NATION, Actor("model"))

    @rule(target=cases, day=st.dates(START, date(2025, 12, 31)), amount=st.integers(0, 10**15 // 4))
    def accept(self, day: date, amount: int) -> str:
        kind = "money_party" if amount else "non_monetary"
        new = NewCase(
            file_no="1/HS",
            decision_no="1/QĐ",
            decision_date=day,
            accepted_on=day,
            unit_id=self.here.unit_id,
            officer_id=self.here.officer_id,
            kind="civil",
            initiation="on_request",
            obligations=[NewObligation(kind, amount, "Trả nợ")],
            parties=[NewParty("debtor", "individual", "Nguyễn Văn An")],
        )
        case_id: str = self.run(self.service.db.write(lambda s: commands.create_case(self.work(s), new)))
        self.model.accept(case_id, self.here.unit_id, day, amount)
        return case_id

    @rule(case=cases, event=st.sampled_from(PLAIN), later=DAYS)
    def turn(self, case: str, event: str, later: int) -> None:
        self.book(case, event, later)

    @rule(case=cases, event=st.sampled_from(sorted({*SUMS, "amount_raised"})), later=DAYS, share=st.integers(1, 100))
    def pay(self, case: str, event: str, later: int, share: int) -> None:
        amount = max(self.model.cases[case].outstanding * share // 100, 1)
        self.book(case, event, later, amount=amount)

    @rule(case=cases, later=DAYS, share=st.integers(0, 100))
    def strike_off(self, case: str, later: int, share: int) -> None:
        rest = self.model.cases[case].outstanding
        paid = rest * share // 100
        self.book(case, "struck_off", later, amount=paid, parts={"completed": paid, "terminated": rest - paid})

    @rule(case=cases, later=DAYS)
    def hand_over(self, case: str, later: int) -> None:
        to = self.there if self.model.cases[case].unit == self.here.unit_id else self.here
        self.book(case, "handed_over", later, to=to)

    @rule(case=cases, kind=st.sampled_from(("civil", "family", "labour")), corruption=st.booleans())
    def correct(self, case: str, kind: str, corruption: bool) -> None:
        """What it counts as changes; nothing else does."""
        changes = {"kind": kind, "corruption_economic": corruption}
        self.run(self.service.db.write(lambda s: commands.change_case(self.work(s), case, None, changes)))

    @rule(case=cases)
    def reverse(self, case: str) -> None:
        posting = commands.Posting(Event("reversed", END))
        booked = self.attempt(case, posting)
        assert booked == bool(self.model.cases[case].undo)
        if booked:
            self.model.reverse(case)

    def book(self, case: str, event: str, later: int, amount: int = 0, to: Office | None = None, **more: Any) -> None:
        standing = self.model.cases[case]
        day = min(standing.last + timedelta(days=later), END)
        if to is not None:
            more |= {"to_unit_id": to.unit_id, "to_officer_id": to.officer_id}
        booked = self.attempt(case, commands.Posting(Event(event, day, amount=amount or None, **more)))
        assert booked == self.possible(case, event, day, amount), (standing.state, event)
        if booked:
            self.model.book(case, event, day, amount, to.unit_id if to else "")

    def attempt(self, case: str, posting: commands.Posting) -> bool:
        try:
            self.run(self.service.db.write(lambda s: commands.book_event(self.work(s), case, None, posting)))
        except (InvalidTransition, Conflict, Invalid):
            return False
        return True

    def possible(self, case: str, event: str, day: date, amount: int) -> bool:
        state, outstanding = self.model.cases[case].state, self.model.cases[case].outstanding
        if event == "request_returned" and day < date(2026, 7, 1):
            return False
        if event in SUMS and amount > outstanding:
            return False
        allowed = {
            "collected": {"enforcing", "deferred_by_agreement", "other"},
            "completed": {"enforcing", "deferred_by_agreement", "other"},
            "conditions_lost": {"enforcing", "deferred_by_agreement", "other"},
            "conditions_found": {"no_conditions"},
            "moved_to_other": {"enforcing"},
            "deferred_by_agreement": {"enforcing", "other"},
            "deferred": {"enforcing", "other", "no_conditions"},
            "suspended": {"enforcing", "other", "no_conditions"},
            "continued": {"deferred_by_agreement", "other", "deferred", "suspended"},
            "to_separate_register": {"no_conditions"},
            "back_from_register": {"register"},
            "handed_over": STOCK | {"register"},
        }
        return state in allowed.get(event, STOCK)

    @invariant()
    def cases_stand_where_the_model_has_them(self) -> None:
        if not hasattr(self, "model") or not self.model.cases:
            return
        rows = self.run(
            self.service.db.fetch(
                "SELECT id, unit_id, account, outstanding_vnd FROM enforcement_case WHERE id = ANY(%s::uuid[])",
                (list(self.model.cases),),
            )
        )
        expected = {(key, c.unit, c.state, c.outstanding) for key, c in self.model.cases.items()}
        assert set(rows) == expected

    def teardown(self) -> None:
        if not hasattr(self, "model"):
            return
        assert self.stored() == {key: value for key, value in self.model.balances.items() if value}
        assert self.run(verify(self.service.db)) == []

    def stored(self) -> dict[tuple[str, date, str, str], int]:
        names = [(measure, account) for measure in ("cases", "money") for account in ACCOUNTS]
        found: Counter[tuple[str, date, str, str]] = Counter()
        for unit, month, row in self.balances("rollup_unit_month", names):
            self.check_identities(row)
            found.update({(unit, month, *name): value for name, value in row.items()})
        for _, _, row in self.balances("rollup_unit_month_cut", names):
            self.check_identities(row)
        found.subtract(self.reclassified())
        return {key: value for key, value in found.items() if value}

    def balances(self, table: str, names: list[tuple[str, str]]) -> list[tuple[str, date, dict[tuple[str, str], int]]]:
        columns = ", ".join(f"coalesce({measure}_{account}, 0)" for measure, account in names)
        sql = f"SELECT unit_id, month, {columns} FROM {table} WHERE unit_id = ANY(%s::uuid[])"
        rows = self.run(self.service.db.fetch(sql, ([self.here.unit_id, self.there.unit_id],)))
        return [(unit, date.fromisoformat(m), dict(zip(names, row, strict=True))) for unit, m, *row in rows]

    def reclassified(self) -> Counter[tuple[str, date, str, str]]:
        """What corrections handed out and in again: of a unit, always the same."""
        sql = """
            SELECT unit_id, date_trunc('month', booked_on)::date, from_account, to_account, cases, amount_vnd
            FROM entry WHERE event = 'reclassified' AND unit_id = ANY(%s::uuid[])"""
        moved: Counter[tuple[str, date, str, str]] = Counter()
        for unit, month, source, target, *numbers in self.run(
            self.service.db.fetch(sql, ([self.here.unit_id, self.there.unit_id],))
        ):
            for account in {source, target} & {"handed_in", "handed_out"}:
                for measure, number in zip(("cases", "money"), numbers, strict=True):
                    moved[unit, date.fromisoformat(month), measure, account] += number
        for measure in ("cases", "money"):
            assert sum(n * (-1 if k[3] == "handed_out" else 1) for k, n in moved.items() if k[2] == measure) == 0
        return moved

    @staticmethod
    def check_identities(row: dict[tuple[str, str], int]) -> None:
        """What came in equals what was done, what went out and what the stock gained, in each month and measure."""
        for measure in ("cases", "money"):
            came = sum(row[measure, a] for a in ("accepted", "raised", "register_back", "handed_in"))
            ended = sum(row[measure, a] for a in ("completed", "terminated", "reduced", "returned"))
            left = sum(
                row[measure, a]
                for a in ("entrusted", "withdrawn", "pulled_up", "register_carried", "register_new", "handed_out")
            )
            assert came == ended + left + sum(row[measure, a] for a in STOCK)


def test_random_lives_agree_with_the_model(service: Service) -> None:
    Lives.service = service
    run_state_machine_as_test(
        Lives,
        settings=settings(
            max_examples=25,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_concurrent_writers_leave_right_rollups(service: Service) -> None:
    """Many transactions at once on the same two offices: nothing is lost and nothing is counted twice."""

    async def life(number: int, here: Office, there: Office) -> None:
        async def write(call: Callable[[Work], Awaitable[Any]]) -> Any:
            ref = service.reference.current
            return await service.db.write(lambda session: call(Work(session, ref, NATION, Actor("model"))))

        day = date(2025, 9, 20) + timedelta(days=number % 20)
        duty = NewObligation("money_party", 1000 + number, "Trả nợ")
        new = NewCase("1/HS", "1/QĐ", day, day, here.unit_id, here.officer_id, "civil", "ex_officio", [duty],
                      [NewParty("debtor", "individual", "Nguyễn Văn An")])  # fmt: skip
        case = await write(partial(commands.create_case, new=new))
        events = (
            Event("collected", day, amount=100),
            Event("handed_over", day + timedelta(days=15), to_unit_id=there.unit_id, to_officer_id=there.officer_id),
            Event("conditions_lost", day + timedelta(days=15)),
            Event("to_separate_register" if number % 3 else "terminated", day + timedelta(days=20)),
        )
        for posting in map(commands.Posting, events):
            await write(partial(commands.book_event, case_id=case, expected=None, posting=posting))

    async def all_at_once() -> list[Office]:
        here, there = await offices(service, 2)
        pairs = [(here, there), (there, here)]
        await asyncio.gather(*(life(number, *pairs[number % 2]) for number in range(60)))
        return [here, there]

    both = service.runner.run(all_at_once())
    assert service.runner.run(verify(service.db)) == []
    sql = (
        "SELECT (sum(cases_accepted))::int, (sum(money_accepted))::bigint "
        "FROM rollup_unit_day WHERE unit_id = ANY(%s::uuid[])"
    )
    assert service.runner.run(service.db.fetch(sql, ([o.unit_id for o in both],))) == [(60, sum(range(1000, 1060)))]
