"""Bodies of many items, each judged by itself: one that is wrong does not keep the others out."""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Generic, TypeVar

import orjson
from fastapi import Depends
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.config import JsonDict
from pydantic_core import ErrorDetails
from starlette.requests import Request

from app.api.body import check_depth, loaded, read, unstorable
from app.api.faults import fault_of, place_of, pointer_to
from app.errors import DomainError, Fault, Invalid

Item = TypeVar("Item", bound=BaseModel)

ITEMS: Final = "items"
_IN_ITEM: Final = re.compile(rf"/{ITEMS}/([0-9]+)(/.*)?", re.ASCII)
APART: Final[JsonDict] = {"x-judged-apart": True}
"""`json_schema_extra=` of the member `items`."""


@dataclass(frozen=True, slots=True)
class Unfit:
    """An item that is not valid: why, and the JSON value it is, None where it is none."""

    error: DomainError
    said: Any

    def said_of(self, name: str, form: str) -> str | None:
        """A member as it was sent, where it is a text of this form."""
        value = self.said.get(name) if isinstance(self.said, dict) else None
        return value if isinstance(value, str) and re.fullmatch(form, value) else None


@dataclass(frozen=True, slots=True)
class Many(Generic[Item]):
    """The items in their order, or in their place what is wrong with them; `options` are the other members."""

    options: dict[str, Any]
    items: list[Item | Unfit]


def items_body(model: type[BaseModel], item: type[Item], most_bytes: int) -> Any:
    """`body: Annotated[Many[CaseItem], items_body(CaseBatch, CaseItem, …)]`; `model` has the items and the options."""
    judge = _judge(model, item)

    async def body(request: Request) -> Many[Item]:
        raw = await read(request, most_bytes)
        return await asyncio.to_thread(judge, raw)  # half a second for thousands: others have their turn meanwhile

    body.json_model = model  # type: ignore[attr-defined]  # StrictRoute finds the schema here
    return Depends(body)


def told(
    sent: Sequence[Item | Unfit],
    results: Sequence[Any],
    show: Callable[..., dict[str, Any]],
    counts: Mapping[str, int],
    options: Mapping[str, Any],
) -> bytes:
    """The answer to a batch: whether it was applied, how many items came to what, and of each what became of it.

    `show` makes a member of a result and the item; `at` is the pointer to it.
    """
    items = [
        {"pointer": at, **show(result, item, at=at)}
        for at, item, result in zip((f"/{ITEMS}/{n}" for n in range(len(sent))), sent, results, strict=True)
    ]
    applied = not options["dry_run"] and not (options["atomic"] and counts["failed"])
    return orjson.dumps({"applied": applied, **counts, ITEMS: items})


def _judge(model: type[BaseModel], item: type[Item]) -> Callable[[bytes], Many[Item]]:
    whole, single = TypeAdapter(model), TypeAdapter(item)

    def judged(raw: bytes) -> Many[Item]:
        document = loaded(raw)
        faults = [_placed(fault) for fault in unstorable(raw, document)]
        try:
            found = whole.validate_python(document, strict=True)
            if not faults:
                return Many(found.model_dump(exclude={ITEMS}), getattr(found, ITEMS))
        except ValidationError as error:
            faults += [_located(document, one) for one in error.errors(include_url=False)]
        check_depth(raw)
        if general := [fault for number, fault in faults if number is None]:
            raise Invalid(faults=general)
        return _apart(document, faults)

    def _apart(document: dict[str, Any], faults: list[tuple[int | None, Fault]]) -> Many[Item]:
        """The good items beside the bad ones."""
        bad: dict[int, list[Fault]] = {}
        for number, fault in faults:
            bad.setdefault(number or 0, []).append(fault)
        items = [_one(value, bad.get(number)) for number, value in enumerate(document[ITEMS])]
        defaults = {name: field.default for name, field in model.model_fields.items() if name != ITEMS}
        given = {name: value for name, value in document.items() if name != ITEMS}
        return Many(defaults | given, items)

    def _one(value: Any, faults: list[Fault] | None) -> Item | Unfit:
        if faults:
            return Unfit(Invalid(faults=faults), value)
        try:
            return single.validate_python(value, strict=True)
        except ValidationError as error:
            details = error.errors(include_url=False)
            faults = [fault_of(one, pointer_to(value, place_of(one))) for one in details]
            return Unfit(Invalid(faults=faults), value)

    return judged


def _located(document: Any, detail: ErrorDetails) -> tuple[int | None, Fault]:
    """A fault and the number of the item it lies in, None when it is of the whole; its pointer begins in the item."""
    place = place_of(detail)
    if len(place) > 1 and place[0] == ITEMS and isinstance(place[1], int):
        return place[1], fault_of(detail, pointer_to(document[ITEMS][place[1]], place[2:]))
    return None, fault_of(detail, pointer_to(document, place))


def _placed(fault: Fault) -> tuple[int | None, Fault]:
    """The same of a fault whose pointer begins at the top."""
    found = _IN_ITEM.fullmatch(fault.pointer or "")
    return (None, fault) if found is None else (int(found[1]), replace(fault, pointer=found[2]))
