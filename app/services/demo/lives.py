"""One planned case, told event by event in the lines the books are kept in."""

from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Final

from app.services.demo.days import HANDOVER_DAY, HANDOVER_MONTH, Calendar
from app.services.demo.plan import OFFSET, SHIFT, YEAR, Step
from app.services.demo.units import Office

NULL: Final = "\\N"
FISCAL_YEARS: Final = (date(2023, 10, 1).toordinal(), date(2024, 10, 1).toordinal())

# What follows from a step: the event, the account it leads to, the article of the law it rests on.
MOVES: Final = {
    Step.LOST: ("conditions_lost", "no_conditions", "Điều 44a Luật THADS"),
    Step.FOUND: ("conditions_found", "enforcing", NULL),
    Step.DEFERRED: ("deferred", "deferred", "Điều 48 Luật THADS"),
    Step.SUSPENDED: ("suspended", "suspended", "Điều 49 Luật THADS"),
    Step.AGREED: ("deferred_by_agreement", "deferred_by_agreement", "Điều 48 khoản 1 điểm c Luật THADS"),
    Step.OTHER: ("moved_to_other", "other", NULL),
    Step.CONTINUED: ("continued", "enforcing", NULL),
    Step.ENTRUSTED: ("entrusted", "entrusted", "Điều 55 Luật THADS"),
    Step.WITHDRAWN: ("withdrawn", "withdrawn", "Điều 37 Luật THADS"),
}
STOCK: Final = frozenset({"enforcing", "no_conditions", "deferred", "suspended", "deferred_by_agreement", "other"})
# Shares of the ways in which a case is done, and in which a part of it is.
TERMINATED, STRUCK_OFF = 0.08, 0.1
REDUCED, TERMINATED_IN_PART = 0.08, 0.12
COLLECTED_FIRST = 0.12
# Accidents soon after acceptance: another officer, a decision taken back, an amount raised.
OFFICER_CHANGED, TAKEN_BACK, RAISED = 0.004, 0.005, 0.008


def decision_no(number: int, office: Office, month: int) -> str:
    """Number and sign of a decision as an office of that month writes it, for example "125/QĐ-CCTHADS"."""
    old = "C" if office.unit.level == "provincial" else "CC"
    return f"{number % 9_973 + 1}/QĐ-{'' if month >= HANDOVER_MONTH else old}THADS"


@dataclass(slots=True)
class Life:
    """A case as it stands while its story is told; days are ordinals, amounts VND, `cut` the text of its columns."""

    id: str
    office: Office
    officer: int
    rng: Random
    calendar: Calendar
    month: int
    day: int
    amount: int
    lines: list[str]
    number: int
    source: str
    cut: str
    unit_id: str = ""
    officer_id: str = ""
    account: str = "accepted"
    outstanding: int = 0
    entered: int = 0
    left: int = 0
    raised: int = 0
    event_no: int = 0

    def tell(self, steps: list[int], part: int) -> None:
        """Books everything from acceptance on; `steps` as planned, `part` the sum collected before the end."""
        moved = self.month >= HANDOVER_MONTH
        self._at(self.office.successor.id if moved else self.office.unit.id, moved=moved)
        self._accept()
        for step in steps:
            month = (step & 0xFF) - OFFSET
            if month >= HANDOVER_MONTH and not moved:
                moved = self._hand_over()
            self.month, self.day = month, self.calendar.pick(month, self.day, self.rng)
            self._take_step(Step(step >> SHIFT), part)
        if not moved and (self.account in STOCK or self.account.startswith("register")):
            self._hand_over()

    def _at(self, unit_id: str, *, moved: bool) -> None:
        self.unit_id = unit_id
        self.officer_id = (self.office.heirs if moved else self.office.officers)[self.officer]

    def _line(self, event: str, number: int, move: tuple[str, str, int, int], ground: str = NULL,
              reverses: str = NULL) -> None:  # fmt: skip
        """One line of the event now being booked; `move` is from, to, cases, VND."""
        source, target, cases, amount = move
        day = self.calendar.iso[self.day]
        document = NULL
        if event == "accepted":
            document = decision_no(self.number, self.office, self.month)
        elif ground != NULL:
            document = decision_no(self.number * 7 + self.event_no, self.office, self.month)
        self.lines.append(
            f"{self.id}\t{self.event_no}\t{number}\t{event}\t{self.unit_id}\t{self.officer_id}\t{source}\t{target}\t"
            f"{cases}\t{amount}\t{day}\t{day}\t{reverses}\t{self.source}\tdemo\t{document}\t{ground}\t"
            f"{day} 09:{self.event_no:02}:00+00\t{self.cut}"
        )

    def _book(self, event: str, source: str, target: str, cases: int, amount: int, ground: str = NULL) -> None:
        self.event_no += 1
        self._line(event, 1, (source, target, cases, amount), ground)

    def _move(self, event: str, target: str, ground: str = NULL) -> None:
        """The case and all that is outstanding go to another account."""
        self._book(event, self.account, target, 1, self.outstanding, ground)
        self._stand(target)

    def _stand(self, target: str) -> None:
        if target not in STOCK:
            self.left = self.day
            if not target.startswith("register"):
                self.outstanding = 0
        self.account = target

    def _accept(self) -> None:
        chance = self.rng.random()
        self.raised = self.amount // 5 if TAKEN_BACK <= chance < RAISED else 0
        self.outstanding = self.amount - self.raised
        self._book("accepted", "accepted", "enforcing", 1, self.outstanding)
        self.account, self.entered = "enforcing", self.day
        if chance < OFFICER_CHANGED:
            self._change_officer()
        elif chance < TAKEN_BACK:
            self._take_back()
        elif self.raised:
            self._pass_days()
            self._book("amount_raised", "raised", "enforcing", 0, self.raised)
            self.outstanding = self.amount

    def _pass_days(self) -> None:
        self.day = self.calendar.pick(self.month, self.day, self.rng)

    def _change_officer(self) -> None:
        officers = self.office.officers
        other = (self.officer + 1) % len(officers)
        if self.month >= HANDOVER_MONTH or other == self.officer:
            return
        self._pass_days()
        self._pair("officer_changed", self.unit_id, officers[other])
        self.officer = other

    def _pair(self, event: str, unit_id: str, officer_id: str) -> None:
        """Out of the books of one unit and officer and into those of another."""
        register = self.account.startswith("register")
        out, back = ("register_moved", "elsewhere") if register else (self.account, "handed_out")
        into, there = ("elsewhere", "register_moved") if register else ("handed_in", self.account)
        self.event_no += 1
        self._line(event, 1, (out, back, 1, self.outstanding))
        self.unit_id, self.officer_id = unit_id, officer_id
        self._line(event, 2, (into, there, 1, self.outstanding))

    def _take_back(self) -> None:
        """A decision on conditions that was booked by mistake, and the entry that reverses it."""
        self._pass_days()
        self._book("conditions_lost", "enforcing", "no_conditions", 1, self.outstanding, MOVES[Step.LOST][2])
        mistaken = str(self.event_no)
        self.event_no += 1
        self._line("reversed", 1, ("no_conditions", "enforcing", 1, self.outstanding), reverses=mistaken)

    def _hand_over(self) -> bool:
        self.day = HANDOVER_DAY
        source, self.source = self.source, "plan"
        self._pair("handed_over", self.office.successor.id, self.office.heirs[self.officer])
        self.source = source
        return True

    def _take_step(self, step: Step, part: int) -> None:
        if step in MOVES:
            self._move(*MOVES[step])
        elif step is Step.DONE:
            self._finish()
        elif step is Step.PART:
            self._settle_part(part)
        elif step is Step.REGISTER:
            carried = self.entered < FISCAL_YEARS[self.month // YEAR]
            self._move("to_separate_register", "register_carried" if carried else "register_new", "Điều 44a Luật THADS")
        elif step is Step.BACK:
            self._book("back_from_register", "register_back", "enforcing", 1, self.outstanding)
            self.account, self.entered, self.left = "enforcing", self.day, 0

    def _settle_part(self, part: int) -> None:
        chance = self.rng.random()
        if chance < REDUCED:
            self._book("reduced", self.account, "reduced", 0, part, "Điều 61 Luật THADS")
        elif chance < TERMINATED_IN_PART:
            self._book("terminated_in_part", self.account, "terminated", 0, part, "Điều 50 Luật THADS")
        else:
            self._book("collected", self.account, "completed", 0, part)
        self.outstanding -= part

    def _finish(self) -> None:
        chance = self.rng.random()
        if chance < TERMINATED:
            self._move("terminated", "terminated", "Điều 50 khoản 1 Luật THADS")
        elif chance < STRUCK_OFF and self.outstanding > 1:
            self._strike_off()
        else:
            if self.outstanding > 1 and self.rng.random() < COLLECTED_FIRST:
                sum_collected = int(self.outstanding * self.rng.uniform(0.2, 0.7))
                self._book("collected", self.account, "completed", 0, sum_collected)
                self.outstanding -= sum_collected
                self._pass_days()
            self._move("completed", "completed", "Điều 52 Luật THADS")

    def _strike_off(self) -> None:
        """Done in part, the rest terminated or reduced."""
        collected = int(self.outstanding * self.rng.uniform(0.3, 0.9))
        rest = "terminated" if self.rng.random() < 0.6 else "reduced"
        self.event_no += 1
        self._line("struck_off", 1, (self.account, "completed", 1, collected), "Điều 52 Luật THADS")
        self._line("struck_off", 2, (self.account, rest, 0, self.outstanding - collected), "Điều 52 Luật THADS")
        self._stand("completed")
