"""Rows of cases, obligations, parties and entries as text that COPY reads; the same for the same batch and seed."""

from array import array
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from random import Random
from typing import Final

from app.services.books.cuts import cut_of
from app.services.demo.days import Calendar
from app.services.demo.flows import OLDEST
from app.services.demo.ids import uuid7
from app.services.demo.lives import NULL, STOCK, Life, decision_no
from app.services.demo.matters import Docket, Matter
from app.services.demo.money import Amounts
from app.services.demo.people import Dispute, judgment, obligations, parties
from app.services.demo.plan import MONTHS, SLOTS, Fate, Plan, Standing
from app.services.demo.units import Office, organisation

BATCH: Final = 4_000
IN_A_MATTER: Final = 0.022
BY_PARTNERS: Final = 0.3
APPEAL_DAYS: Final = 16  # a judgment is enforced once the days to appeal are over


# What the texts hold, table by table.
COLUMNS: Final = {
    "enforcement_case": (
        "id", "file_no", "decision_no", "decision_date", "unit_id", "unit_path", "officer_id", "matter_id",
        "judgment_no", "judgment_date", "court", "kind", "initiation", "segment", "account", "amount_vnd",
        "outstanding_vnd", "accepted_on", "entered_on", "left_on", "steering_matter", "confidentiality",
        "last_event_no", "last_effective_on", "version", "recorded_at",
    ),
    "obligation": ("case_id", "no", "kind", "amount_vnd", "description"),
    "party": (
        "case_id", "no", "role", "kind", "credit_institution", "name", "masked_name", "search_name", "id_number",
        "address", "phone", "institution",
    ),
    "entry": (
        "case_id", "event_no", "line", "event", "unit_id", "officer_id", "from_account", "to_account", "cases",
        "amount_vnd", "effective_on", "booked_on", "reverses", "source", "client_id", "document_no", "ground",
        "recorded_at", "cut_id", "matter_id",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Batch:
    """Consecutive cases of a plan: small enough to travel to another process."""

    first: int
    born: "array[int]"
    log: "array[int]"
    rest: "array[int]"
    part: "array[int]"
    fate: bytes
    standing: bytes


@dataclass(frozen=True)
class Texts:
    """What a batch adds to each table of COLUMNS: text for COPY, and how many rows that is."""

    content: tuple[bytes, ...]
    rows: tuple[int, ...]


def batches(plan: Plan, amounts: Amounts) -> Iterator[Batch]:
    """The whole plan in its order."""
    for first in range(0, len(plan.born), BATCH):
        last = min(first + BATCH, len(plan.born))
        yield Batch(
            first,
            plan.born[first:last],
            plan.log[first * SLOTS : last * SLOTS],
            amounts.rest[first:last],
            amounts.part[first:last],
            bytes(plan.fate[first:last]),
            bytes(plan.standing[first:last]),
        )


def _text(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


class _Offices:
    """Offices to draw from: the weights of their work, and those of what they leave standing."""

    def __init__(self, offices: list[Office]) -> None:
        self._offices = offices
        self._work = list(accumulate(office.weight for office in offices))
        self._left = list(accumulate(office.weight * office.left_standing for office in offices))

    def draw(self, rng: Random, *, left_standing: bool) -> Office:
        weights = self._left if left_standing else self._work
        return self._offices[bisect(weights, rng.random() * weights[-1])]


class Writer:
    """Writes batches of one book; every process that helps has its own."""

    def __init__(self, scale: float, seed: int) -> None:
        self._seed = seed
        made = organisation(scale, seed)
        self._docket = Docket(made, scale, seed)
        self._calendar = Calendar(-OLDEST, MONTHS)
        homes: dict[str | None, list[Office]] = {None: made.offices}
        for office in made.offices:
            homes.setdefault(office.successor.province_code, []).append(office)
        self._offices = {home: _Offices(offices) for home, offices in homes.items()}

    def write(self, batch: Batch) -> Texts:
        """The rows of a batch."""
        rng = Random(f"{self._seed} cases {batch.first}")  # noqa: S311 — a book to be repeated, not a secret
        cases: list[str] = []
        duties: list[str] = []
        people: list[str] = []
        entries: list[str] = []
        for i, born in enumerate(batch.born):
            matter = self._docket.draw(batch.fate[i], rng) if rng.random() < IN_A_MATTER else None
            stands = batch.fate[i] == Fate.WITH_CONDITIONS or batch.standing[i] == Standing.WITH_CONDITIONS
            office = self._offices[matter.home if matter else None].draw(rng, left_standing=stands)
            amount = batch.rest[i] + batch.part[i]
            case = _Case(batch.first + i + 1, born, office, matter, Dispute.draw(amount, matter, rng))
            steps = [step for step in batch.log[i * SLOTS : (i + 1) * SLOTS] if step]
            life = self._life(case, amount, rng, entries)
            life.tell(steps, batch.part[i])
            cases.append(case.row(life, self._calendar))
            duties += obligations(life.id, case.dispute, amount - life.raised, rng)
            people += parties(life.id, case.dispute, office.place, self._seed, rng)
        tables = (cases, duties, people, entries)
        return Texts(tuple(_text(lines) for lines in tables), tuple(len(lines) for lines in tables))

    def _life(self, case: "_Case", amount: int, rng: Random, entries: list[str]) -> Life:
        calendar = self._calendar
        accepted = calendar.pick(case.born, 0, rng)
        waited = int(rng.random() * 7) - 3  # most decisions are accepted on their day, some within three days
        decided = calendar.earlier(case.born, accepted, max(0, waited))
        case.decided, case.accepted = decided, accepted
        return Life(
            id=uuid7(decided, rng),
            office=case.office,
            officer=int(rng.random() * len(case.office.officers)),
            rng=rng,
            calendar=calendar,
            month=case.born,
            day=accepted,
            amount=amount,
            lines=entries,
            number=case.number,
            cut=case.cut,
            source="partner" if rng.random() < BY_PARTNERS else "person",
        )


@dataclass(slots=True)
class _Case:
    number: int
    born: int
    office: Office
    matter: Matter | None
    dispute: Dispute
    decided: int = 0
    accepted: int = 0

    @property
    def cut(self) -> str:
        """What it counts as, as COPY reads it."""
        matter_id = self.matter.id if self.matter else None
        counted = cut_of(self.dispute.kind, self.dispute.initiation, self.dispute.segment, matter_id)
        return f"{counted.id}\t{counted.matter_id or NULL}"

    def row(self, life: Life, calendar: Calendar) -> str:
        """The case row as its entries leave it; what had ended by then is in the custody of the successor too."""
        unit, iso = self.office.successor, calendar.iso
        accepted = iso[self.accepted]
        account = "register" if life.account.startswith("register") else life.account
        matter, segment = self.matter, self.dispute.segment
        judged = self.decided - APPEAL_DAYS - self.number % 15
        return "\t".join(
            (
                life.id,
                f"{self.office.unit.code[4:]}/{accepted[:4]}/{self.number:07}",
                decision_no(self.number, self.office, self.born),
                iso[self.decided],
                unit.id,
                unit.path,
                self.office.heirs[life.officer],
                matter.id if matter else NULL,
                *judgment(self.number, self.dispute.kind, self.office.place, iso[judged]),
                self.dispute.kind,
                self.dispute.initiation,
                str(segment),
                account,
                str(life.amount),
                str(life.outstanding),
                accepted,
                iso[life.entered],
                NULL if account in STOCK else iso[life.left],
                "t" if matter and matter.tracked else "f",
                str(matter.confidentiality) if matter else "0",
                str(life.event_no),
                iso[life.day],
                str(life.event_no),
                f"{accepted} 09:00:00+00",
            )
        )
