"""What holds for the chains of the trail: whom each belongs to and what a broken one is called."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

NATION: Final = "00000000-0000-0000-0000-000000000000"
"""The chain of records without a unit: about clients, rules and other things of the whole nation."""


LATE: Final = timedelta(minutes=5)
"""A record that says it is older than the round before it by more than this was put in afterwards.

Longer than any transaction of the service lives (twice THADS_STATEMENT_TIMEOUT_MS), and than clocks step.
"""


@dataclass(frozen=True, slots=True)
class Head:
    """The last link of a chain: its number, its record and its digest, as hex digits."""

    unit_id: str
    no: int
    audit_id: int
    digest: str


@dataclass(frozen=True, slots=True)
class SignedHead:
    """A head as it was exported; every later link of the chain was made by a round after `at` (RFC 3339)."""

    head: Head
    at: str


@dataclass(frozen=True, slots=True)
class Break:
    """The first broken place of a chain. A missing record has no id any more; one outside the chain no number."""

    unit_id: str
    no: int | None
    audit_id: int | None
    why: str

    def __str__(self) -> str:
        number = "not numbered" if self.no is None else f"number {self.no}"
        record = "" if self.audit_id is None else f", audit id {self.audit_id}"
        return f"{chain_name(self.unit_id)}, {number}{record}: {self.why}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What verifying found: how much is chained, how many records wait for the next round, and the broken places."""

    chains: int
    linked: int
    waiting: int
    breaks: tuple[Break, ...]


WHY: Final = {
    "missing": "the link with this number is missing",
    "deleted": "its record is missing",
    "changed": "the record, its link or its place in the chain was changed",
    "disordered": "it was linked by an earlier round than the one before it",
    "backdated": "the record says it is older than it is: it was put in later",
}
"""The kinds of breaks that can be seen at one link, in words."""

NEVER_LINKED: Final = "the record is not linked, though younger ones are: it was put in or its link taken out"
NO_HEAD: Final = "the chain has no head"
NOT_SIGNED: Final = "not what was signed: something up to here was rewritten, with all links after it"
OTHER_HEAD: Final = "the head of the chain is another one"


def chain_name(unit_id: str) -> str:
    """A chain as operators read it."""
    return "nation" if unit_id == NATION else f"unit {unit_id}"


def tail_missing(head: Head, last_no: int, whose: str) -> Break:
    """Links after `last_no` were cut off, as a head shows; `whose` says which one."""
    known = head.audit_id if head.no == last_no + 1 else None
    return Break(head.unit_id, last_no + 1, known, f"missing, with all up to number {head.no} that {whose} names")
