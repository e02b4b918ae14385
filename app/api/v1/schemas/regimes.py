"""The contract of the statistical regimes: every version of how they count, and the next one."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from itertools import groupby
from typing import Annotated, Any, Final, Literal

import orjson
from pydantic import Field, StringConstraints

from app.api.v1.schemas import samples
from app.api.v1.schemas.base import BusinessDate, Flag, Line, Strict, Text, Version
from app.services.reference import FOREVER
from app.services.regimes.rules import NewVersion, Regime
from app.services.statistics.rules import MEASURES, OF_REGIME

RegimeCode = Annotated[str, StringConstraints(pattern="^tt[0-9]{2}-[0-9]{4}$")]
"""A regime by number and year of its circular (thông tư): `tt05-2024`."""

EndAccount = Literal["completed", "terminated", "reduced", "returned", "entrusted", "withdrawn", "pulled_up"]
StockAccount = Literal["enforcing", "deferred_by_agreement", "other", "no_conditions", "deferred", "suspended"]
Ends = Annotated[list[EndAccount], Field(max_length=7)]
Stock = Annotated[list[StockAccount], Field(max_length=6)]


class RegimeLines(Strict):
    """Which accounts (code list `accounts`) feed which line; every account feeds exactly one."""

    entrusted: Ends = Field(description="B1, deducted: entrusted", examples=[["entrusted"]])
    withdrawn: Ends = Field(
        description="B2, deducted: withdrawn or cancelled, and whatever else is neither done nor left",
        examples=[["withdrawn"]],
    )
    pulled_up: Ends = Field(description="B3, deducted: pulled up by the province", examples=[["pulled_up"]])
    done: Ends = Field(
        description="D1, done: the numerator of the result rate",
        examples=[["completed", "terminated", "reduced", "returned"]],
    )
    enforcing: Stock = Field(description="D2, with conditions: enforcing", examples=[["enforcing"]])
    deferred_by_agreement: Stock = Field(
        description="D3, with conditions: deferred by agreement", examples=[["deferred_by_agreement"]]
    )
    other: Stock = Field(description="D4, with conditions: other", examples=[["other"]])
    without_conditions: Stock = Field(description="C2, without conditions", examples=[["no_conditions"]])
    deferred_or_suspended: Stock = Field(
        description="C3, deferred or suspended; empty where the regime has two classes only",
        examples=[["deferred", "suspended"]],
    )


class LinesByMeasure(Strict):
    """The lines of both measures; they may differ, for example in what enters the numerator of money."""

    cases: RegimeLines = Field(description="of cases (việc)")
    money: RegimeLines = Field(description="of money (tiền)")


class RegimeVersionOut(Strict):
    """One version of how a regime counts; never changed."""

    version: Version = Field(description="1, 2, …", examples=[1])
    since: BusinessDate | None = Field(
        description=(
            "periods that end on this day or later are counted by it, until a newer version takes over; null: from the "
            "beginning of the regime"
        ),
        examples=["2026-07-01"],
    )
    provisional: bool = Field(description="it stands in until the rules of the circular are known", examples=[True])
    third_class: bool = Field(
        description="deferred and suspended cases are a class of their own (C3) by number of cases", examples=[True]
    )
    lines: LinesByMeasure = Field(description="what it counts as what")
    legal_basis: str = Field(description="legal basis", examples=["Thông tư 05/2026/TT-BTP"])


class RegimeOut(Strict):
    """A statistical regime (chế độ báo cáo thống kê) with every version of how it counts."""

    code: RegimeCode = Field(description="code, as reports name it", examples=["tt05-2026"])
    name_vi: str = Field(description="name in Vietnamese", examples=["Thông tư 05/2026/TT-BTP"])
    name_en: str = Field(description="name in English", examples=["Circular 05/2026"])
    since: BusinessDate | None = Field(description="first day in force; null: always was", examples=["2026-07-01"])
    until: BusinessDate | None = Field(description="day from which it no longer is; null while open", examples=[None])
    current: RegimeVersionOut = Field(description="the version that counts today, or on its last day")
    versions: list[RegimeVersionOut] = Field(description="every version, oldest first")


class RegimePage(Strict):
    """A page of regimes."""

    items: list[RegimeOut] = Field(description="regimes, oldest first")
    next: str | None = Field(description="cursor of the next page; null on the last one", examples=[None])


class RegimeVersionNew(Strict):
    """The next version of how a regime counts."""

    since: BusinessDate = Field(
        description=(
            "first day counted by it, within the regime: today or later, or any day when the newest version is "
            "provisional"
        ),
        examples=["2026-07-01"],
    )
    provisional: Flag = Field(
        False, description="these rules, too, stand in until those of the circular are known", examples=[False]
    )
    lines: LinesByMeasure = Field(description="what is counted as what from then on")
    legal_basis: Line = Field(description="legal basis", examples=["Thông tư 05/2026/TT-BTP, Phụ lục II"])
    reason: Text = Field(description="why it is set; kept in the trail", examples=["Biểu mẫu của Thông tư đã ban hành"])

    def to_version(self, code: str) -> NewVersion:
        """The version as the service takes it."""
        lines = {
            measure: {letter: list(getattr(getattr(self.lines, measure), name)) for letter, name in OF_REGIME.items()}
            for measure in MEASURES
        }
        return NewVersion(code, self.since, self.provisional, lines, self.legal_basis)


def _day(day: date) -> str | None:
    return None if day in (date.min, FOREVER) else day.isoformat()


def version_out(regime: Regime) -> dict[str, Any]:
    """A version as `RegimeVersionOut`."""
    return {
        "version": regime.version,
        "since": _day(regime.counted_since),
        "provisional": regime.provisional,
        "third_class": bool(regime.lines["cases"]["C3"]),
        "lines": {
            measure: {name: regime.lines[measure][letter] for letter, name in OF_REGIME.items()} for measure in MEASURES
        },
        "legal_basis": regime.legal_basis,
    }


def regime_out(versions: Sequence[Regime], today: date) -> dict[str, Any]:
    """All versions of one regime, oldest first, as `RegimeOut`."""
    last = versions[-1]
    on = min(today, last.until - timedelta(days=1))
    current = next((regime for regime in reversed(versions) if regime.counted_since <= on), versions[0])
    return {
        "code": last.code,
        "name_vi": last.name_vi,
        "name_en": last.name_en,
        "since": _day(last.since),
        "until": _day(last.until),
        "current": version_out(current),
        "versions": [version_out(regime) for regime in versions],
    }


def order_of(item: dict[str, Any]) -> tuple[str, str]:
    """What regimes are listed by: when they came into force."""
    return item["since"] or "", item["code"]


def by_code(regimes: Iterable[Regime]) -> list[list[Regime]]:
    """Versions of the same regime together, in their order."""
    return [list(versions) for _, versions in groupby(regimes, key=lambda regime: regime.code)]


_SAMPLE: Final = Regime(
    "tt05-2026", 1, "Thông tư 05/2026/TT-BTP (tạm áp dụng cách tính của TT 05/2024)",
    "Circular 05/2026: provisional, counted as under Circular 05/2024; one decision per debtor", True,
    dict.fromkeys(MEASURES, samples.SAMPLE_LINES), "Thông tư 05/2026/TT-BTP; Nghị định 152/2026/NĐ-CP",
    date(2026, 7, 1), FOREVER, date(2026, 7, 1),
)  # fmt: skip
VERSION_EXAMPLE: Final = samples.example_of(RegimeVersionOut, version_out(_SAMPLE))
REGIME_EXAMPLE: Final[dict[str, Any]] = orjson.loads(
    orjson.dumps(samples.example_of(RegimeOut, regime_out([_SAMPLE], date(2026, 11, 24))))
)
REGIME_PAGE_EXAMPLE: Final = samples.example_of(RegimePage, {"items": [REGIME_EXAMPLE], "next": None})
