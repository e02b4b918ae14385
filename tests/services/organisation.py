"""A province with offices for tests of units, officers and matters, made by the commands themselves."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import count
from typing import Any, TypeVar

from app.services.access import SECRET, Actor, Caller
from app.services.cases.commands import create_case
from app.services.cases.rules import NewCase, NewObligation, NewParty
from app.services.officers import commands as officers
from app.services.officers.commands import NewPosting
from app.services.reference import FOREVER, Officer, Unit
from app.services.units import commands as units
from app.services.units.commands import NewUnit
from app.services.work import Work
from tests.builders import NATION_ID, Service

T = TypeVar("T")
NATION = Caller("tests", frozenset(), ("vn.",), SECRET)
SINCE = date(2010, 1, 1)
_numbers: Iterator[int] = count(1)


@dataclass
class Organisation:
    """Changes units, officers and matters of a service, each in a transaction of its own."""

    service: Service

    def run(self, command: Callable[..., Awaitable[T]], *arguments: Any, caller: Caller = NATION) -> T:
        """What a command gives."""
        return self.service.runner.run(self._committed(command, *arguments, caller=caller))

    def together(self, *calls: tuple[Any, ...]) -> list[Any]:
        """What commands, each with its arguments, give when they run at the same time; errors in their places."""

        async def all_of_them() -> list[Any]:
            return await asyncio.gather(*(self._committed(*call) for call in calls), return_exceptions=True)

        return self.service.runner.run(all_of_them())

    async def _committed(self, command: Callable[..., Awaitable[T]], *arguments: Any, caller: Caller = NATION) -> T:
        ref = self.service.reference.current

        async def work(session: Any) -> T:
            return await command(Work(session, ref, caller, Actor("tests")), *arguments)

        return await self.service.db.write(work)

    def rows(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """What the database says."""
        return self.service.runner.run(self.service.db.fetch(sql, parameters))

    def province(self, since: date = SINCE, until: date = FOREVER) -> Unit:
        """A new province."""
        return self.unit(NATION_ID, "provincial", since, until)

    def unit(self, parent_id: str, level: str = "regional", since: date = SINCE, until: date = FOREVER) -> Unit:
        """A new unit below another."""
        number = next(_numbers)
        new = NewUnit(f"ORG.{number}", f"Đơn vị {number}", level, None, parent_id, since, until)
        return self.run(units.create_unit, new)

    def officer(self, unit_id: str, since: date = SINCE, rank: str = "primary") -> Officer:
        """A new officer posted to a unit."""
        return self.run(
            officers.create_officer, f"ORG-{next(_numbers)}", "Đặng Thị Ước", NewPosting(unit_id, rank, since)
        )

    def case(
        self,
        officer: Officer,
        day: date,
        amount: int = 0,
        matter_id: str | None = None,
        *,
        caller: Caller = NATION,
        institutions: Sequence[str] = (),
    ) -> str:
        """A case that an officer accepts on a day, with credit institutions as creditors."""
        banks = [
            NewParty("creditor", "organisation", f"Ngân hàng {code}", True, institution=code) for code in institutions
        ]
        new = NewCase(
            file_no="1/HS",
            decision_no="1/QĐ-CCTHADS",
            decision_date=day,
            accepted_on=day,
            unit_id=officer.postings[-1].unit_id,
            officer_id=officer.id,
            kind="criminal",
            initiation="ex_officio",
            obligations=[NewObligation("money_party" if amount else "non_monetary", amount, "Bồi thường")],
            parties=[NewParty("debtor", "individual", "Nguyễn Văn An"), *banks],
            matter_id=matter_id,
        )
        return self.run(create_case, new, caller=caller)

    def now(self, unit_id: str) -> Unit:
        """The unit as the reference data has it."""
        return self.service.reference.current.units[unit_id]
