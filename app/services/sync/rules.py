"""What a push does to a case: pure functions from what a partner sent, and sent before, to what becomes of it."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal, Protocol, TypeVar

import orjson

from app.errors import Conflict, DomainError, NotFound
from app.services.cases.rules import NewCase

Mode = Literal["upsert", "create_only", "update_only"]
Outcome = Literal["created", "updated", "unchanged", "stale", "failed"]
OUTCOMES: Final[tuple[Outcome, ...]] = ("created", "updated", "unchanged", "stale", "failed")
FIXED: Final = ("unit_id", "officer_id", "initiation", "accepted_on", "obligations")
"""Members of a case that change by events only, once it is in the books."""


class AlreadyThere(Conflict):
    """The external id is known, and only new cases were to be created."""

    code = "already-there"
    title = {"en": "There is a case of this external id", "vi": "Đã có vụ việc với mã này"}


class VersionReused(Conflict):
    """The same source version was pushed before with another content."""

    code = "version-reused"
    title = {"en": "The source version was pushed with another content", "vi": "Phiên bản đã gửi với nội dung khác"}


class MovesByEvents(Conflict):
    """What changes by events only differs from what was pushed before."""

    code = "moves-by-events"
    title = {
        "en": f"{', '.join(FIXED)} change by events only",
        "vi": f"{', '.join(FIXED)} chỉ thay đổi qua sự kiện",
    }


class RepeatedId(Conflict):
    """The external id is there more than once in one batch; nobody knows which is meant."""

    code = "repeated-external-id"
    title = {"en": "The batch has this external id more than once", "vi": "Mã này xuất hiện nhiều lần trong lô"}


class NotApplied(Conflict):
    """Another item failed, and all or none were to be applied."""

    code = "not-applied"
    title = {"en": "Not applied, because another item failed", "vi": "Không thực hiện vì mục khác có lỗi"}


@dataclass(frozen=True)
class Pushed:
    """A case as a partner has it, under its own id, in its own version (higher is newer)."""

    external_id: str
    source_version: int
    case: NewCase

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of all there is."""
        return digest_of(self.case)

    @cached_property
    def fixed(self) -> bytes:
        """SHA-256 of what changes by events only."""
        return digest_of({name: getattr(self.case, name) for name in FIXED})


def digest_of(value: Any) -> bytes:
    """SHA-256 of what somebody sent, however it was written."""
    return hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).digest()


@dataclass(frozen=True, slots=True)
class Known:
    """What a partner pushed last under an id."""

    case_id: str
    source_version: int
    digest: bytes
    fixed: bytes


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one item; `version` is that of the case, `error` why it failed."""

    outcome: Outcome
    case_id: str | None = None
    version: int | None = None
    error: DomainError | None = None


def failed(error: DomainError) -> Result:
    """An item that could not be applied."""
    return Result("failed", error=error)


def decided(item: Pushed, known: Known | None, mode: Mode) -> Outcome:
    """What an item asks for, given what the partner pushed before; None before.

    Raises NotFound, AlreadyThere, VersionReused, MovesByEvents. What was pushed already is unchanged in every mode, so
    that a batch may be repeated.
    """
    if known is None:
        if mode == "update_only":
            raise NotFound
        return "created"
    if item.source_version == known.source_version:
        if item.digest != known.digest:
            raise VersionReused
        return "unchanged"
    if mode == "create_only":
        raise AlreadyThere
    if item.source_version < known.source_version:
        return "stale"
    if item.fixed != known.fixed:
        raise MovesByEvents
    return "unchanged" if item.digest == known.digest else "updated"


def repeated(items: Iterable[Pushed]) -> set[str]:
    """External ids that are there more than once."""
    return {external_id for external_id, times in Counter(item.external_id for item in items).items() if times > 1}


class OfCase(Protocol):
    """What is about one case of a partner."""

    @property
    def external_id(self) -> str:
        """The id of the case."""


Item = TypeVar("Item", bound=OfCase)


def rounds(items: Sequence[tuple[int, Item]]) -> list[list[tuple[int, Item]]]:
    """Numbered items in groups without a repeated case, to be applied one after the other as if one by one."""
    groups: list[list[tuple[int, Item]]] = []
    times: Counter[str] = Counter()
    for number, item in items:
        place = times[item.external_id]
        times[item.external_id] += 1
        if place == len(groups):
            groups.append([])
        groups[place].append((number, item))
    return groups
