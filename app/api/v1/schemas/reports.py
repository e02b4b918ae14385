"""The contract of frozen reports: versions of the figures of all units, read, compared and proved."""

from typing import Annotated, Any, Final, Literal

import orjson
from pydantic import Field, StringConstraints

from app.api.v1.schemas import samples
from app.api.v1.schemas.base import Code, Count, Flag, Instant, Query, Rate, Strict, Uuid, Version
from app.api.v1.schemas.cases import Initiation, Kind, UnitBrief
from app.api.v1.schemas.periods import Reason
from app.api.v1.schemas.statistics import FiscalYear, PeriodOut, StatementIdentities, period_out, rate_out
from app.api.v1.schemas.statistics_queries import Months
from app.services.periods.views import SHOWN, Difference, Figures, Report, figures_of
from app.services.reference import Reference, Unit
from app.services.statistics.cut_queries import CutFilter
from app.services.statistics.rules import MEASURES, Period, identities

Digest = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
_DIGEST: Final = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


class ReportQuery(Query):
    """Which reports are listed."""

    fiscal_year: FiscalYear | None = Field(None, description="reporting year", examples=[2025])
    months: Months | None = Field(None, description="months from 1 October; only with `fiscal_year`", examples=[4])
    newest: Flag | None = Field(
        None, description="true: only the last version of each period; false: only those restated", examples=[True]
    )


class FrozenQuery(Query):
    """Whose figures of a report, narrowed to what (phân tổ)."""

    unit: Uuid | None = Field(
        None,
        description="the unit with everything below it; by default all the caller may see",
        examples=[samples.PROVINCE_ID],
    )
    kind: Kind | None = Field(
        None, description="only this kind of judgment (code list `case-kinds`)", examples=["civil"]
    )
    initiation: Initiation | None = Field(None, description="only ex officio or on request", examples=["on_request"])
    state_budget: Flag | None = Field(
        None, description="only cases with money owed to the State budget, or only the others", examples=[True]
    )
    credit_institution: Flag | None = Field(
        None, description="only cases with a credit institution as creditor, or only the others", examples=[True]
    )
    corruption_economic: Flag | None = Field(
        None, description="only cases of corruption and economic matters, or only the others", examples=[True]
    )

    @property
    def cut(self) -> CutFilter:
        """The criteria as the service takes them."""
        return CutFilter(**self.model_dump(exclude={"unit"}))


class FrozenUnitsQuery(Query):
    """Which units of a report."""

    unit: Uuid | None = Field(
        None, description="units in this one; by default in all the caller may see", examples=[samples.PROVINCE_ID]
    )
    level: Literal["provincial", "district", "regional"] | None = Field(
        None, description="all units of this level; by default the children of the unit", examples=["regional"]
    )


class DifferencesQuery(Query):
    """Which other report, and whose figures."""

    with_: Version = Field(alias="with", description="number of the report it is compared with", examples=[1])
    unit: Uuid | None = Field(
        None,
        description="units in this one, and it; by default all the caller may see",
        examples=[samples.PROVINCE_ID],
    )


class ReportNew(Strict):
    """A period to freeze, or to restate."""

    fiscal_year: FiscalYear = Field(description="reporting year", examples=[2025])
    months: Months = Field(description="months from 1 October", examples=[4])
    reason: Reason | None = Field(
        None,
        description="required for a restatement, and to freeze before all provinces have sent",
        examples=["Chốt lại theo quy tắc thống kê mới"],
    )


class NationRates(Strict):
    """Result rates of the nation, for all who read the report."""

    cases: Rate = Field(description="in cases")
    money: Rate = Field(description="in money")


class ReportOut(Strict):
    """A version of the frozen figures of all units for a period; it never changes."""

    no: Version = Field(description="number of the report", examples=[1])
    period: PeriodOut = Field(description="the period, and the regime it was counted by")
    version: Version = Field(description="1 when frozen first, then restatements; all stay", examples=[1])
    regime_version: Version = Field(description="version of the regime's counting rules", examples=[1])
    regimes_in_force: list[Code] = Field(description="regimes in force within the period", examples=[["tt05-2024"]])
    reason: str | None = Field(description="why it was restated, or frozen early", examples=[None])
    frozen_at: Instant = Field(description="moment it was frozen", examples=["2025-02-06T02:11:45.123456Z"])
    client_id: str = Field(description="client that froze it", examples=["demo-national"])
    watermark: str = Field(
        description="snapshot of the database whose entries it saw (PostgreSQL `pg_snapshot`)", examples=["4711:4711:"]
    )
    units: Count = Field(description="units with figures", examples=[389])
    lines: Count = Field(description="lines: figures of a unit by kind, initiation and segments", examples=[6_412])
    officer_lines: Count | None = Field(
        description="lines of officers in units; null where it was frozen before these were kept", examples=[3_021]
    )
    digest: Digest = Field(description="SHA-256 over what the report is and all its lines", examples=[_DIGEST])
    national: NationRates = Field(description="result rates of the nation")


class ReportPage(Strict):
    """A page of reports."""

    items: list[ReportOut] = Field(description="reports by number")
    next: str | None = Field(description="cursor of the next page; null on the last one", examples=[None])


def _line(text: str) -> Any:
    return Field(description=text, examples=[161_828])


class FrozenLines(Strict):
    """The lines of the counting identities, as `/v1/statistics/periods` has them."""

    accepted_total: int = _line("A")
    carried_over: int = _line("A1")
    newly_accepted: int = _line("A2")
    accepted: int = _line("of A2: newly accepted")
    raised: int = _line("of A2: amounts raised; money only")
    back_from_register: int = _line("of A2: back from the separate register")
    to_register_new: int = _line("taken off A2")
    to_register_carried: int = _line("taken off A1")
    handed_over_net: int = _line("received less handed over")
    handed_in: int = _line("received from other units")
    handed_out: int = _line("handed over to other units")
    entrusted: int = _line("B1")
    withdrawn: int = _line("B2")
    pulled_up: int = _line("B3")
    must_enforce: int = _line("B")
    with_conditions: int = _line("C1")
    without_conditions: int = _line("C2")
    deferred_or_suspended: int = _line("C3")
    done: int = _line("D1")
    completed: int = _line("completed; for money what was collected")
    terminated: int = _line("terminated")
    reduced: int = _line("exempted or reduced; money only")
    returned: int = _line("request returned")
    enforcing: int = _line("D2")
    deferred_by_agreement: int = _line("D3")
    other: int = _line("D4")
    carried_forward: int = _line("E")
    separate_register: int = _line("F")


class FrozenRates(Strict):
    """The rates that follow."""

    result: Rate = Field(description="R = D1 / C1")
    with_conditions_share: Rate = Field(description="P = C1 / B")


class FrozenMeasure(Strict):
    """One measure of a frozen statement."""

    lines: FrozenLines = Field(description="the lines")
    rates: FrozenRates = Field(description="the rates")
    identities: StatementIdentities = Field(description="whether the counting identities hold")


class FrozenUnit(Strict):
    """The frozen figures of a unit."""

    unit: UnitBrief = Field(description="the unit, with everything below it and all it succeeded")
    cases: FrozenMeasure = Field(description="in cases (việc)")
    money: FrozenMeasure = Field(description="in money (tiền), VND")


class FrozenStatement(FrozenUnit):
    """A report with the figures of a unit."""

    report: ReportOut = Field(description="the report they are of")


class FrozenUnitPage(Strict):
    """A page of units."""

    items: list[FrozenUnit] = Field(description="units in the order of the tree")
    next: str | None = Field(description="cursor of the next page; null on the last one", examples=[None])


class LineDifference(Strict):
    """A line on which two reports differ."""

    measure: Literal["cases", "money"] = Field(description="in cases, or VND", examples=["cases"])
    line: str = Field(description="the line, as statements name it", examples=["done"])
    value: int = Field(description="what this report says", examples=[576_884])
    other: int = Field(description="what the other one says", examples=[577_876])
    difference: int = Field(description="value less other", examples=[-992])


class UnitDifferences(Strict):
    """What differs in the books of one unit, without the units below it."""

    unit: UnitBrief = Field(description="the unit")
    lines: list[LineDifference] = Field(description="the lines that differ")


class DifferencesPage(Strict):
    """A page of units whose own books differ."""

    items: list[UnitDifferences] = Field(description="by id of the unit; those that are alike are left out")
    next: str | None = Field(description="cursor of the next page; null on the last one", examples=[None])


class ProofOut(Strict):
    """Whether a report is as it was frozen."""

    no: Version = Field(description="number of the report", examples=[1])
    digest: Digest = Field(description="digest written when it was frozen", examples=[_DIGEST])
    computed: Digest = Field(description="digest of what is stored now", examples=[_DIGEST])
    holds: bool = Field(description="whether they are the same, and the totals are those of the lines", examples=[True])


def report_out(report: Report, ref: Reference) -> dict[str, Any]:
    """A report as `ReportOut`."""
    return {
        "no": report.no,
        "period": period_out(report.period, report.regime),
        "version": report.version,
        "regime_version": report.regime_version,
        "regimes_in_force": ref.regimes_within(report.period.first, report.period.last),
        "reason": report.reason,
        "frozen_at": report.frozen_at,
        "client_id": report.client_id,
        "watermark": report.watermark,
        "units": report.units,
        "lines": report.lines,
        "officer_lines": report.officer_lines,
        "digest": report.digest,
        "national": {measure: rate_out(report.nation[measure]) for measure in MEASURES},
    }


def unit_out(unit: Unit, figures: Figures, ref: Reference) -> dict[str, Any]:
    """The figures of a unit as `FrozenUnit`."""
    return {"unit": ref.brief(unit.id), **{measure: _measure(figures[measure]) for measure in MEASURES}}


def _measure(parts: Any) -> dict[str, Any]:
    return {
        "lines": {name: parts[name] for name in SHOWN},
        "rates": {
            "result": rate_out((parts["done"], parts["with_conditions"])),
            "with_conditions_share": rate_out((parts["with_conditions"], parts["must_enforce"])),
        },
        "identities": identities(parts),
    }


def differences_out(found: Difference, ref: Reference) -> dict[str, Any]:
    """What differs as `UnitDifferences`."""
    lines = [
        {"measure": measure, "line": line, "value": value, "other": other, "difference": value - other}
        for measure, line, value, other in found.lines
    ]
    return {"unit": ref.brief(found.unit_id), "lines": lines}


def proof_out(no: int, proof: tuple[str, str, bool]) -> dict[str, Any]:
    """A proof as `ProofOut`."""
    digest, computed, holds = proof
    return {"no": no, "digest": digest, "computed": computed, "holds": holds}


_SAMPLE: Final = Report(
    1, Period.of_months(2025, 4), 1, "tt05-2024", 1, None, "4711:4711:", 389, 6_412, 3_021,
    {"cases": (161_828, 452_275), "money": (36_550_000_000_000, 210_000_000_000_000)}, _DIGEST, "demo-national",
    "2025-02-06T02:11:45.123456Z",
)  # fmt: skip


def _plain(presented: dict[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = orjson.loads(orjson.dumps(presented))
    return plain


_NATION: Final = samples.SAMPLE_REF.units[samples.NATION_ID]
REPORT_EXAMPLE: Final = _plain(samples.example_of(ReportOut, report_out(_SAMPLE, samples.SAMPLE_REF)))
REPORT_PAGE_EXAMPLE: Final = samples.example_of(ReportPage, {"items": [REPORT_EXAMPLE], "next": None})
UNIT_EXAMPLE: Final = samples.example_of(FrozenUnit, unit_out(_NATION, figures_of(None), samples.SAMPLE_REF))
UNIT_PAGE_EXAMPLE: Final = samples.example_of(FrozenUnitPage, {"items": [UNIT_EXAMPLE], "next": None})
STATEMENT_EXAMPLE: Final = samples.example_of(FrozenStatement, {"report": REPORT_EXAMPLE, **UNIT_EXAMPLE})
DIFFERENCES_EXAMPLE: Final = samples.example_of(
    DifferencesPage,
    {
        "items": [
            differences_out(Difference(samples.OFFICE_ID, [("cases", "done", 576_884, 577_876)]), samples.SAMPLE_REF)
        ],
        "next": None,
    },
)
PROOF_EXAMPLE: Final = samples.example_of(ProofOut, proof_out(1, (_DIGEST, _DIGEST, True)))
