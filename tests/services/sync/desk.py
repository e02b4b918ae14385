"""A partner at its desk: an office, and pushes in transactions of their own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import count
from typing import Any

from sqlalchemy import text

from app.errors import DomainError
from app.services.access import Actor, Caller
from app.services.books.queries import verify
from app.services.cases.rules import NewCase, NewObligation, NewParty
from app.services.clients.commands import register
from app.services.sync.commands import Options, push
from app.services.sync.event_commands import EventOptions, push_event, push_events
from app.services.sync.event_rules import EventResult, PushedEvent
from app.services.sync.rules import Pushed, Result
from app.services.work import Work
from tests.builders import Office, Service, offices

DAY = date(2025, 3, 3)
_numbers = count(1)


@dataclass(frozen=True)
class Desk:
    """A client with the grant of one office."""

    service: Service
    office: Office
    caller: Caller

    @classmethod
    def new(cls, service: Service) -> "Desk":
        """One that nobody else uses."""
        (office,) = service.runner.run(offices(service, 1))
        name = f"desk-{next(_numbers)}"
        about: dict[str, Any] = {
            "client_id": name,
            "name": name,
            "scopes": frozenset({"sync:write"}),
            "unit_ids": [office.unit_id],
        }
        service.runner.run(service.db.write(lambda session: register(session, Actor("tests"), **about)))
        service.runner.run(service.reference.reload())
        return cls(service, office, service.reference.current.clients[name].caller)

    def case(self, content: str = "a", amount: int = 1_000, **values: Any) -> NewCase:
        """A case whose decision is numbered by its content."""
        made: dict[str, Any] = {
            "file_no": "1/HS",
            "decision_no": f"{content}/QĐ",
            "decision_date": DAY,
            "accepted_on": DAY,
            "unit_id": self.office.unit_id,
            "officer_id": self.office.officer_id,
            "kind": "civil",
            "initiation": "on_request",
            "obligations": [NewObligation("money_party", amount, "Trả nợ")],
            "parties": [NewParty("debtor", "individual", f"Nguyễn Văn {content.upper()}")],
        }
        return NewCase(**made | values)

    async def pushing(self, items: Sequence[Pushed], options: Options | None = None) -> list[Result]:
        """A batch in a transaction of its own."""
        ref = self.service.reference.current
        db = self.service.database.seen_by(ref.context(self.caller))
        actor = Actor(self.caller.client_id)
        return await db.write(lambda s: push(Work(s, ref, self.caller, actor), items, options or Options()))

    def push(self, *items: Pushed, **options: Any) -> list[str]:
        """What became of each."""
        done = self.service.runner.run(self.pushing(items, Options(**options)))
        return [result.error.code if result.error else result.outcome for result in done]

    async def booking(self, items: Sequence[PushedEvent], options: EventOptions | None = None) -> list[EventResult]:
        """A batch of events in a transaction of its own."""
        ref = self.service.reference.current
        db = self.service.database.seen_by(ref.context(self.caller))
        actor = Actor(self.caller.client_id)
        given = options or EventOptions()
        return await db.write(lambda s: push_events(Work(s, ref, self.caller, actor), items, given))

    def book(self, *items: PushedEvent, **options: Any) -> list[str]:
        """What became of each event."""
        done = self.service.runner.run(self.booking(items, EventOptions(**options)))
        return [result.error.code if result.error else result.outcome for result in done]

    def book_alone(self, item: PushedEvent) -> str:
        """What became of an event that is pushed by itself."""
        ref = self.service.reference.current
        db = self.service.database.seen_by(ref.context(self.caller))
        actor = Actor(self.caller.client_id)
        try:
            done = self.service.runner.run(db.write(lambda s: push_event(Work(s, ref, self.caller, actor), item)))
        except DomainError as error:
            return error.code
        return done.outcome

    def books(self) -> list[tuple[Any, ...]]:
        """Every line booked of the cases of the partner and where these stand, without what is theirs alone."""
        sql = """SELECT p.external_id, e.event_no, e.line, e.event, e.effective_on, e.booked_on, e.reverses,
                e.from_account, e.to_account, e.cases, e.amount_vnd, e.cut_id, e.document_no,
                c.account, c.outstanding_vnd, c.version, v.event_id
            FROM pushed_case p JOIN enforcement_case c ON c.id = p.case_id JOIN entry e ON e.case_id = c.id
            LEFT JOIN pushed_event v ON v.partner = p.partner AND v.external_id = p.external_id
                AND v.event_no = e.event_no
            WHERE p.partner = %s ORDER BY p.external_id, e.event_no, e.line"""
        ref = self.service.reference.current
        db = self.service.database.seen_by(ref.context(self.caller))
        return list(self.service.runner.run(db.fetch(sql, (self.caller.client_id,))))

    def run(self, sql: str, **values: Any) -> None:
        """Changes the database as the partner may."""
        db = self.service.database.seen_by(self.service.reference.current.context(self.caller))
        self.service.runner.run(db.write(lambda session: session.execute(text(sql), values)))

    def rows(self, sql: str, *values: Any) -> list[Any]:
        """What the database says."""
        return self.service.runner.run(self.service.db.fetch(sql, values))

    def trail(self) -> tuple[int, int, int]:
        """Audit records, change records and entries of the partner."""
        me = self.caller.client_id
        tables = ("audit_record", "change_record", "entry")
        found = [self.rows(f"SELECT count(*) FROM {table} WHERE client_id = %s", me)[0][0] for table in tables]
        return found[0], found[1], found[2]

    def held(self) -> dict[str, tuple[str, int, str]]:
        """Decision, version of the source and debtor of each case, by the id of the partner."""
        sql = """SELECT p.external_id, c.decision_no, p.source_version, d.name FROM pushed_case p
            JOIN enforcement_case c ON c.id = p.case_id JOIN party d ON d.case_id = c.id WHERE p.partner = %s"""
        ref = self.service.reference.current
        db = self.service.database.seen_by(ref.context(self.caller))
        rows = self.service.runner.run(db.fetch(sql, (self.caller.client_id,)))
        return {row[0]: (row[1], row[2], row[3]) for row in rows}

    def differences(self) -> list[tuple[str, str, str]]:
        """What `rebuild-and-verify` would find."""
        return self.service.runner.run(verify(self.service.db))
