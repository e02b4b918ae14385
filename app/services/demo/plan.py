"""What happens to every case of the book and in which month: the flows, told as single lives.

Compact on purpose: a nation of cases is planned in memory at once, at some forty bytes a case.
"""

import math
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from random import Random
from typing import Final

from app.services.demo.calibration import spread
from app.services.demo.flows import FADING_MONTHS, OLDEST, Flows

MONTHS: Final = 24  # October 2023 … September 2025 are months 0 … 23; earlier ones are negative
YEAR: Final = 12
SLOTS: Final = 10
# A case that has had this many steps is left for its end: every step beyond has a slot.
BUSY: Final = 6
SHIFT: Final = 8
OFFSET: Final = 180
LONG_AGO: Final = -13

FAST_NEW: Final = 0.87
FAST_FOUND: Final = 0.6
FAST_OPENING: Final = 0.15
COLLECTED_BEFORE: Final = 0.05
NO_PART: Final = MONTHS
# From which pools of the stock with conditions cases are taken: fast, slow, deferred by agreement, other.
SHARES_DONE: Final = (0.905, 0.085, 0.006, 0.004)
SHARES_OUT: Final = (0.8, 0.2, 0.0, 0.0)
SHARES_LOST: Final = (0.5, 0.48, 0.01, 0.01)
SHARES_DEFERRED: Final = (0.4, 0.6, 0.0, 0.0)
NON_MONETARY: Final = 0.08


class Step(IntEnum):
    """What can happen to a planned case after it was accepted."""

    LOST = 1
    FOUND = 2
    DEFERRED = 3
    SUSPENDED = 4
    AGREED = 5
    OTHER = 6
    CONTINUED = 7
    BACK = 8
    REGISTER = 9
    PART = 10
    DONE = 11
    ENTRUSTED = 12
    WITHDRAWN = 13


class Fate(IntEnum):
    """Where a case, or a part of its money, ends up; the money of each is set apart."""

    NONE = 0
    DONE_2024_4 = 1
    DONE_2024_6 = 2
    DONE_2024_12 = 3
    OUT_2024 = 4
    DONE_2025_4 = 5
    DONE_2025_6 = 6
    DONE_2025_10 = 7
    DONE_2025_12 = 8
    OUT_2025 = 9
    WITH_CONDITIONS = 10
    WITHOUT_CONDITIONS = 11
    BEFORE = 12


# Until which month of the plan each publication on what was done reaches.
PUBLISHED: Final = (
    (4, Fate.DONE_2024_4), (6, Fate.DONE_2024_6), (12, Fate.DONE_2024_12),
    (16, Fate.DONE_2025_4), (18, Fate.DONE_2025_6), (22, Fate.DONE_2025_10), (24, Fate.DONE_2025_12),
)  # fmt: skip


class Standing(IntEnum):
    """Where a case stood at the start of FY2025."""

    ELSEWHERE = 0
    WITH_CONDITIONS = 1
    WITHOUT_CONDITIONS = 2


def done_in(month: int) -> Fate:
    """The publication that first counts what was done in a month."""
    if month < 0:
        return Fate.BEFORE
    return next(fate for until, fate in PUBLISHED if month < until)


@dataclass
class Plan:
    """All cases in the order of acceptance; the steps of case i are log[i * SLOTS …], each `step << 8 | month`."""

    born: "array[int]"
    log: "array[int]"
    part_month: "array[int]"
    fate: bytearray
    standing: bytearray
    monetary: bytearray


class Simulation:
    """Moves cases between pools month by month, exactly as many as the flows say."""

    def __init__(self, flows: Flows, seed: int) -> None:
        self.flows = flows
        self.rng = Random(f"{seed} plan")  # noqa: S311 — a book to be repeated, not a secret
        self.size = flows.opening + sum(flows.accepted)
        self.used = bytearray(self.size)
        self.plan = Plan(
            born=array("h", bytes(2 * self.size)),
            log=array("H", bytes(2 * SLOTS * self.size)),
            part_month=array("b", [NO_PART]) * self.size,
            fate=bytearray(self.size),
            standing=bytearray(self.size),
            monetary=bytearray(self.size),
        )
        self.fast: list[int] = []
        self.slow: list[int] = []
        self.agreed: list[int] = []
        self.other: list[int] = []
        self.held: list[int] = []
        self.without: dict[int, list[int]] = {}
        self.register: list[int] = []
        self.returning: list[int] = []

    def run(self) -> Plan:
        """The whole plan."""
        self._open()
        first = self.flows.opening
        for month in range(MONTHS):
            if month == YEAR:
                self._note_standing()
            last = first + self.flows.accepted[month]
            self._accept(range(first, last), month)
            self._month(month)
            first = last
        for case in (*self.fast, *self.slow, *self.agreed, *self.other):
            self.plan.fate[case] = Fate.WITH_CONDITIONS
        for case in self._all_without():
            self.plan.fate[case] = Fate.WITHOUT_CONDITIONS
        self._settle_monetary()
        return self.plan

    def _open(self) -> None:
        """The stock before October 2023: accepted month by month since 2009, most of it without conditions."""
        flows, rnd = self.flows, self.rng.random
        ages = range(OLDEST, 0, -1)
        first = 0
        for age, number in zip(ages, spread(flows.opening, [self._weight(a) for a in ages]), strict=True):
            self.plan.born[first : first + number] = array("h", [-age]) * number
            first += number
        cases = list(range(flows.opening))
        self.rng.shuffle(cases)
        with_conditions, held = flows.opening_with_conditions, flows.opening_held
        for case in cases[:with_conditions]:
            if rnd() < COLLECTED_BEFORE:
                self._part(case, self._between(case))
            (self.fast if rnd() < FAST_OPENING else self.slow).append(case)
        for case in cases[with_conditions : with_conditions + held]:
            self._hold(case, self._between(case))
        for case in cases[with_conditions + held :]:
            self._lose(case, self._between(case))

    @staticmethod
    def _weight(age: int) -> int:
        return round(1_000_000 * math.exp(-age / FADING_MONTHS))

    def _between(self, case: int) -> int:
        """A month between acceptance and October 2023."""
        born = self.plan.born[case]
        return born + int(self.rng.random() * min(-born, 30))

    def _accept(self, cases: range, month: int) -> None:
        self.plan.born[cases.start : cases.stop] = array("h", [month]) * len(cases)
        for case in cases:
            (self.fast if self.rng.random() < FAST_NEW else self.slow).append(case)

    def _month(self, month: int) -> None:
        flows = self.flows
        done, out = done_in(month), Fate.OUT_2024 if month < YEAR else Fate.OUT_2025
        self.returning = [
            *self._back(self._take(self.register, flows.back[month], with_room=True), Step.BACK, month),
            *self._back(self._take_without(flows.found[month], month - 1, with_room=True), Step.FOUND, month),
            *self._back(self._take(self.held, flows.continued[month], with_room=True), Step.CONTINUED, month),
        ]
        self._end(self._take_with(flows.done[month], SHARES_DONE), Step.DONE, month, done)
        self._end(self._take_with(flows.entrusted[month], SHARES_OUT), Step.ENTRUSTED, month, out)
        self._end(self._take_with(flows.withdrawn[month], SHARES_OUT), Step.WITHDRAWN, month, out)
        for case in self._take_with(flows.lost[month], SHARES_LOST):
            self._lose(case, month)
        for case in self._take_with(flows.deferred[month], SHARES_DEFERRED, with_room=True):
            self._hold(case, month)
        self._to_register(month, out)
        self._rearrange(month)

    def _back(self, cases: list[int], step: Step, month: int) -> list[int]:
        """Back to the stock with conditions; other things may happen to them from the next month."""
        for case in cases:
            self._note(case, step, month)
        return cases

    def _to_register(self, month: int, fate: Fate) -> None:
        """After a year without conditions; a few in the very year they were accepted."""
        chosen = self._take_without(self.flows.register_carried[month], month - YEAR)
        start = month - month % YEAR
        wanted = self.flows.register_new[month]
        for since in range(start, month):
            pool = self.without.get(since, [])
            new = [case for case in pool if self.plan.born[case] >= start][:wanted]
            wanted -= len(new)
            taken = set(new)
            self.without[since] = [case for case in pool if case not in taken] if taken else pool
            chosen += new
        if wanted:
            raise ValueError("too few cases without conditions for the separate register")
        self._end(chosen, Step.REGISTER, month, fate)
        self.register += chosen

    def _rearrange(self, month: int) -> None:
        """Agreements to defer and other states come and go inside the stock with conditions; parts are collected."""
        rnd = self.rng.random
        stock = len(self.fast) + len(self.slow)
        for pool, step, share in ((self.agreed, Step.AGREED, 0.003), (self.other, Step.OTHER, 0.002)):
            leaving = self._take(pool, len(pool) // 6, with_room=True, some=True)
            self.returning += self._back(leaving, Step.CONTINUED, month)
            coming = self._take(self.slow, round(share * stock), with_room=True, some=True)
            pool.extend(self._back(coming, step, month))
        for _ in range(self.flows.parts[month] if self.slow else 0):
            case = self.slow[int(rnd() * len(self.slow))]
            if self.plan.part_month[case] == NO_PART and self.used[case] <= BUSY:
                self._part(case, month)
        for case in self.returning:
            (self.fast if rnd() < FAST_FOUND else self.slow).append(case)

    def _note(self, case: int, step: Step, month: int) -> None:
        self.plan.log[case * SLOTS + self.used[case]] = step << SHIFT | month + OFFSET
        self.used[case] += 1

    def _part(self, case: int, month: int) -> None:
        self._note(case, Step.PART, month)
        self.plan.part_month[case] = max(month, -1)

    def _lose(self, case: int, month: int) -> None:
        self._note(case, Step.LOST, month)
        self.without.setdefault(max(month, LONG_AGO), []).append(case)

    def _hold(self, case: int, month: int) -> None:
        self._note(case, Step.DEFERRED if self.rng.random() < 0.55 else Step.SUSPENDED, month)
        self.held.append(case)

    def _end(self, cases: list[int], step: Step, month: int, fate: Fate) -> None:
        for case in cases:
            self._note(case, step, month)
            self.plan.fate[case] = fate

    def _take(self, pool: list[int], number: int, *, with_room: bool = False, some: bool = False) -> list[int]:
        """Removes that many at random (the order of a pool means nothing), or as many as there are when `some` do.

        `with_room` passes over cases that have no slot left for a step that is not their end.
        """
        taken: list[int] = []
        passed: list[int] = []
        while len(taken) < number and pool:
            i = int(self.rng.random() * len(pool))
            pool[i], pool[-1] = pool[-1], pool[i]
            case = pool.pop()
            (passed if with_room and self.used[case] > BUSY else taken).append(case)
        pool += passed
        if len(taken) < number and not some:
            raise ValueError("a demo book of this scale is too small to balance")
        return taken

    def _take_with(self, number: int, shares: Sequence[float], *, with_room: bool = False) -> list[int]:
        """From the stock with conditions, by shares of its pools; what one lacks the first with enough gives."""
        pools = (self.fast, self.slow, self.agreed, self.other)
        taken: list[int] = []
        for pool, share in zip(pools, shares, strict=True):
            taken += self._take(pool, int(number * share), with_room=with_room, some=True)
        for pool in pools[:2]:
            taken += self._take(pool, number - len(taken), with_room=with_room, some=pool is self.fast)
        return taken

    def _take_without(self, number: int, until: int, *, with_room: bool = False) -> list[int]:
        """From cases without conditions since a month not after `until`, whichever month that is."""
        pools = [pool for since, pool in self.without.items() if since <= until]
        wanted = spread(number, [len(pool) for pool in pools])
        pairs = zip(pools, wanted, strict=True)
        return [case for pool, number in pairs for case in self._take(pool, number, with_room=with_room)]

    def _all_without(self) -> Iterable[int]:
        yield from self.held
        for pool in self.without.values():
            yield from pool

    def _note_standing(self) -> None:
        for case in (*self.fast, *self.slow, *self.agreed, *self.other):
            self.plan.standing[case] = Standing.WITH_CONDITIONS
        for case in self._all_without():
            self.plan.standing[case] = Standing.WITHOUT_CONDITIONS

    def _settle_monetary(self) -> None:
        """Some cases are about a thing or an act, never those of which a part was collected."""
        for case in range(self.size):
            part = self.plan.part_month[case] != NO_PART
            self.plan.monetary[case] = part or self.rng.random() >= NON_MONETARY
