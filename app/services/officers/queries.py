"""Reading officers, from the reference data in memory; only those who serve in the caller's subtrees."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from app.services.access import Caller
from app.services.reference import Officer, Posting, Reference
from app.services.units.rules import searchable


@dataclass(frozen=True, slots=True)
class OfficerFilter:
    """What a list of officers is narrowed to; None leaves a criterion out."""

    as_of: date
    unit: str | None = None
    rank: str | None = None
    q: str | None = None


@dataclass(frozen=True, slots=True)
class _Index:
    by_code: tuple[Officer, ...]
    by_unit: dict[str, list[Officer]]


@lru_cache(maxsize=2)  # the snapshot in use, and the one it replaces
def _index(ref: Reference) -> _Index:
    by_code = tuple(sorted(ref.officers.values(), key=lambda officer: officer.code))
    by_unit: dict[str, list[Officer]] = {}
    for officer in by_code:
        for unit_id in {posting.unit_id for posting in officer.postings}:
            by_unit.setdefault(unit_id, []).append(officer)
    return _Index(by_code, by_unit)


def list_officers(
    ref: Reference, caller: Caller, wanted: OfficerFilter, after: str | None, limit: int
) -> list[tuple[Officer, Posting]]:
    """At most `limit` officers by code, after a code, each with the posting of the day.

    Raises Invalid for an unknown unit.
    """
    scope = ref.scope(caller, ref.asked(caller, wanted.unit))
    units = frozenset(scope.unit_ids)
    words = None if wanted.q is None else searchable(wanted.q)
    found: list[tuple[Officer, Posting]] = []
    for officer in _index(ref).by_code if scope.is_wide else _posted_to(ref, scope.unit_ids):
        posting = officer.posting(wanted.as_of) if after is None or officer.code > after else None
        if posting is None or posting.unit_id not in units or wanted.rank not in (None, posting.rank):
            continue
        if words is None or words in searchable(officer.name):
            found.append((officer, posting))
            if len(found) == limit:
                break
    return found


def _posted_to(ref: Reference, unit_ids: Iterable[str]) -> list[Officer]:
    by_unit = _index(ref).by_unit
    officers = {officer.id: officer for unit_id in unit_ids for officer in by_unit.get(unit_id, ())}
    return sorted(officers.values(), key=lambda officer: officer.code)


def visible_postings(ref: Reference, caller: Caller, officer: Officer) -> list[Posting]:
    """The postings, oldest first, to units the caller may see; none means the officer is not to be seen."""
    return [posting for posting in officer.postings if ref.visible(caller, posting.unit_id) is not None]
