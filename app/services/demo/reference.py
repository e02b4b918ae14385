"""Units, officers, matters, targets and administrative judgments of the demo as rows for COPY."""

from collections.abc import Iterable, Iterator
from dataclasses import astuple, fields
from datetime import date

from app.services.demo.administrative import JudgmentRow
from app.services.demo.matters import Matter
from app.services.demo.targets import FISCAL_YEAR, TargetRow
from app.services.demo.units import NEW_MAP, Organisation

Row = tuple[object, ...]


def _range(since: date, until: date | None) -> str:
    return f"[{since},{until or ''})"


def reference_rows(
    organisation: Organisation,
    matters: Iterable[Matter],
    targets: Iterable[TargetRow],
    judgments: Iterable[JudgmentRow],
) -> Iterator[tuple[str, tuple[str, ...], list[Row]]]:
    """Table, columns and rows, in an order that foreign keys allow."""
    units, officers, known = organisation.units, organisation.officers, list(matters)
    yield (
        "unit",
        ("id", "code", "province_code", "level", "parent_id", "path", "validity"),
        [(u.id, u.code, u.province_code, u.level, u.parent_id, u.path, _range(u.since, u.until)) for u in units],
    )
    yield (
        "unit_name",
        ("unit_id", "name", "validity"),
        [(u.id, name, _range(since, until)) for u in units for name, since, until in u.names],
    )
    yield (
        "unit_successor",
        ("predecessor_id", "successor_id", "since"),
        [(before, after, NEW_MAP) for before, after in organisation.successors],
    )
    yield "officer", ("id", "code", "name"), [(o.id, o.code, o.name) for o in officers]
    yield (
        "officer_posting",
        ("officer_id", "unit_id", "rank", "validity"),
        [(o.id, unit, rank, _range(since, until)) for o in officers for unit, rank, since, until in o.postings],
    )
    yield (
        "matter",
        ("id", "code", "name", "unit_path", "ever_tracked", "confidentiality"),
        [(m.id, m.code, m.name, m.unit_path, m.tracked, m.confidentiality) for m in known],
    )
    yield (
        "matter_tracking",
        ("matter_id", "level", "tracked", "state", "state_since"),
        [(m.id, m.level, _range(m.tracked_since, m.tracked_until), m.state, m.state_since) for m in known if m.tracked],
    )
    yield (
        "target",
        (
            "id", "unit_id", "officer_id", "fiscal_year", "indicator", "version", "rate_bp", "decision_no",
            "decision_date", "signer", "effective_on",
        ),
        [
            (
                t.id, t.unit_id, t.officer_id, FISCAL_YEAR, t.indicator, t.version, t.rate_bp,
                t.decision_no, t.decision_date, t.signer, t.effective_on,
            )
            for t in targets
        ],
    )  # fmt: skip
    columns = tuple(field.name for field in fields(JudgmentRow))
    yield "administrative_judgment", columns, [astuple(judgment) for judgment in judgments]
