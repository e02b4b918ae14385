"""What a published result says, what its own parts give, and where the two differ.

Counting identities as in the statistics circulars: A = A1 + A2, B = A − deductions, B = C1 + C2 (+ C3),
E = B − D1, R = D1 / C1, P = C1 / B. Cases are counted, money is whole VND, percentages are decimals.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

HUNDRED: Final = Decimal(100)
TWO_PLACES: Final = Decimal("0.01")
# Which of several publications of one period is asked first: the last word before the first.
STATUSES: Final = ("final", "restated", "published", "preliminary")
EARLIER: Final = {"final": ("preliminary", "published"), "restated": ("preliminary", "published")}


@dataclass(frozen=True, slots=True)
class Figure:
    """A printed number: `text` as printed (money in billion VND), `value` in cases or whole VND.

    `precision` is what one unit of the last printed digit is worth; `approximate` when the source says so.
    """

    text: str
    value: int
    precision: int
    approximate: bool


@dataclass(frozen=True, slots=True)
class PublishedRow:
    """One published result of a unit for the first `months` months of a fiscal year."""

    unit: str
    fiscal_year: int
    months: int
    measure: str
    status: str
    remark: str | None
    figures: Mapping[str, Figure]
    percents: Mapping[str, Decimal]

    def value(self, column: str) -> int | None:
        """A figure in cases or VND; None when not published."""
        figure = self.figures.get(column)
        return None if figure is None else figure.value

    def approximate(self, *columns: str) -> bool:
        """Whether the source calls any of these figures approximate or a lower bound."""
        return any(column in self.figures and self.figures[column].approximate for column in columns)


@dataclass(frozen=True, slots=True)
class Check:
    """An identity all terms of which were published; `difference` = published − recomputed."""

    identity: str
    formula: str
    published: int
    recomputed: int
    approximate: bool

    @property
    def difference(self) -> int:
        """Published − recomputed, in cases or VND."""
        return self.published - self.recomputed


@dataclass(frozen=True, slots=True)
class Remainder:
    """The one term of an identity that was not published, as the others give it."""

    name: str
    formula: str
    value: int
    approximate: bool


@dataclass(frozen=True, slots=True)
class YearOverYear:
    """The same period of the year before, and the change since, from our own rows where both are there.

    `done_basis`: own_row, published_change or published_percent; `rate_basis`: parts (unrounded),
    published_rates (rounded to two places) or published_change.
    """

    previous_done: int | None = None
    done_basis: str | None = None
    done_approximate: bool = False
    done_abs: int | None = None
    done_pct: Decimal | None = None
    previous_rate: Decimal | None = None
    rate_pp: Decimal | None = None
    rate_basis: str | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """Where a publication contradicts its own parts; `difference` = published − recomputed."""

    name: str
    measure: str
    published: str
    recomputed: str
    difference: str
    approximate: bool


@dataclass(frozen=True, slots=True)
class Restatement:
    """A figure that was published before with another value; `difference` = now − before."""

    column: str
    earlier_status: str
    earlier: str
    now: str
    difference: int


@dataclass(frozen=True, slots=True)
class _Identity:
    name: str
    formula: str
    total: str
    plus: tuple[str, ...]
    minus: tuple[str, ...] = ()


_ACCEPTED: Final = _Identity("accepted", "A = A1 + A2", "accepted_total", ("carried_over_in", "newly_accepted"))
_CARRIED_OVER: Final = _Identity("carried_over", "E = B − D1", "carried_over_out", ("must_enforce",), ("done",))
_DEDUCTED: Final = _Identity(
    "must_enforce", "B = A − B1 − B2", "must_enforce", ("accepted_total",), ("entrusted", "withdrawn")
)
_THREE_CLASSES: Final = _Identity(
    "classes", "B = C1 + C2 + C3", "must_enforce", ("with_conditions", "without_conditions", "deferred_or_suspended")
)
_TWO_CLASSES: Final = _Identity("classes", "B = C1 + C2", "must_enforce", ("with_conditions", "without_conditions"))


def two_places(value: Decimal) -> str:
    """As reports print a percentage or a difference of percentages: two places, half up."""
    return str(value.quantize(TWO_PLACES, ROUND_HALF_UP))


def percentage(part: int | None, whole: int | None) -> Decimal | None:
    """`part` in percent of `whole`, unrounded; None when either is unknown or the whole is zero."""
    return Decimal(part) / Decimal(whole) * HUNDRED if part is not None and whole else None


def rate_of(row: PublishedRow) -> Decimal | None:
    """The result rate R = D1 / C1 in percent, unrounded, from the row's own parts."""
    return percentage(row.value("done"), row.value("with_conditions"))


def checks(row: PublishedRow, *, two_classes: bool) -> list[Check]:
    """The identities the row publishes in full."""
    found = []
    for identity in _identities(two_classes=two_classes):
        terms = (identity.total, *identity.plus, *identity.minus)
        if all(term in row.figures for term in terms):
            recomputed = _sum(row, identity.plus) - _sum(row, identity.minus)
            published = row.figures[identity.total].value
            found.append(
                Check(identity.name, identity.formula, published, recomputed, row.approximate(*terms)),
            )
    return found


def remainders(row: PublishedRow, *, two_classes: bool) -> list[Remainder]:
    """What the row leaves to be computed: the missing term of every identity that lacks just one."""
    solved = [_solved(row, identity) for identity in _identities(two_classes=two_classes) if identity != _DEDUCTED]
    return [remainder for remainder in [_deductions(row), *solved] if remainder is not None]


def _identities(*, two_classes: bool) -> tuple[_Identity, ...]:
    # Circular 08/2015 knew no C3: deferred and suspended cases counted as having conditions.
    return _ACCEPTED, _DEDUCTED, _TWO_CLASSES if two_classes else _THREE_CLASSES, _CARRIED_OVER


def _sum(row: PublishedRow, columns: Sequence[str]) -> int:
    return sum(row.value(column) or 0 for column in columns)


def _solved(row: PublishedRow, identity: _Identity) -> Remainder | None:
    terms = (identity.total, *identity.plus, *identity.minus)
    missing = [term for term in terms if term not in row.figures]
    if len(missing) != 1:
        return None
    rest = _sum(row, (identity.total,)) - _sum(row, identity.plus) + _sum(row, identity.minus)
    value = rest if missing[0] in identity.plus else -rest
    return Remainder(missing[0], identity.formula, value, row.approximate(*terms))


def _deductions(row: PublishedRow) -> Remainder | None:
    """A − B when what lies between was not published.

    Counted from A1 + A2 it also holds the moves to the separate register (sổ theo dõi riêng), because the
    opening stock is not the last closing stock; counted from A those are out already.
    """
    must_enforce, total = row.value("must_enforce"), row.value("accepted_total")
    if must_enforce is None or ("entrusted" in row.figures and "withdrawn" in row.figures):
        return None
    if total is not None:
        used = ("accepted_total", "must_enforce")
        return Remainder("deductions", "A − B", total - must_enforce, row.approximate(*used))
    parts = ("carried_over_in", "newly_accepted")
    if any(part not in row.figures for part in parts):
        return None
    value = _sum(row, parts) - must_enforce
    return Remainder("register_moves_and_deductions", "A1 + A2 − B", value, row.approximate(*parts, "must_enforce"))


def year_over_year(row: PublishedRow, rows: Sequence[PublishedRow]) -> YearOverYear:
    """The row against the same period of the year before.

    `rows` are all rows of the same unit, months and measure. Where the year before is not among them, its figures
    are derived from the published change.
    """
    before = sorted(
        (other for other in rows if other.fiscal_year == row.fiscal_year - 1),
        key=lambda other: STATUSES.index(other.status),
    )
    previous, basis, approximate = _previous_done(row, before)
    done = row.value("done")
    change = None if done is None or previous is None else done - previous
    previous_rate, rate_pp, rate_basis = _rates(row, before)
    return YearOverYear(
        previous_done=previous,
        done_basis=basis,
        done_approximate=approximate,
        done_abs=change,
        done_pct=percentage(change, previous),
        previous_rate=previous_rate,
        rate_pp=rate_pp,
        rate_basis=rate_basis,
    )


def _previous_done(row: PublishedRow, before: Sequence[PublishedRow]) -> tuple[int | None, str | None, bool]:
    done = row.figures.get("done")
    if done is None:
        return None, None, False
    own = next((other for other in before if "done" in other.figures), None)
    if own is not None:
        return own.value("done"), "own_row", row.approximate("done") or own.approximate("done")
    change = row.figures.get("yoy_done_abs")
    if change is not None:
        return done.value - change.value, "published_change", done.approximate or change.approximate
    growth = row.percents.get("yoy_done_pct")
    if growth is not None:
        # A percentage of two places cannot give more digits than the figure it belongs to was printed with.
        exact = Decimal(done.value) * HUNDRED / (HUNDRED + growth)
        steps = (exact / done.precision).quantize(Decimal(1), ROUND_HALF_UP)
        return int(steps) * done.precision, "published_percent", True
    return None, None, False


def _rates(row: PublishedRow, before: Sequence[PublishedRow]) -> tuple[Decimal | None, Decimal | None, str | None]:
    computed = rate_of(row)
    earlier = next((rate for rate in map(rate_of, before) if rate is not None), None)
    if computed is not None and earlier is not None:
        return earlier, computed - earlier, "parts"
    now = row.percents.get("rate_pct", computed)
    printed = (other.percents.get("rate_pct") for other in before)
    earlier = next((rate for rate in printed if rate is not None), earlier)
    if now is not None and earlier is not None:
        return earlier, now - earlier, "published_rates"
    change = row.percents.get("yoy_rate_pp")
    if now is not None and change is not None:
        return now - change, None, "published_change"
    return earlier, None, None


def differences(row: PublishedRow, compared: YearOverYear, *, two_classes: bool) -> list[Difference]:
    """Every published figure of the row that its own parts, or the year before, contradict."""
    found = [
        _counted(row, f"identity_{check.identity}", check.published, check.recomputed, check.approximate)
        for check in checks(row, two_classes=two_classes)
    ]
    vague = row.approximate("done", "with_conditions")
    found.append(_percent(row, "rate_pct", "percentage_points", rate_of(row), vague))
    published = row.value("yoy_done_abs")
    if compared.done_abs is not None and published is not None:
        vague = compared.done_approximate or row.approximate("yoy_done_abs")
        found.append(_counted(row, "yoy_done_abs", published, compared.done_abs, vague))
    if compared.done_basis != "published_percent":
        found.append(_percent(row, "yoy_done_pct", "percent", compared.done_pct, compared.done_approximate))
    vague = compared.rate_basis != "parts"
    found.append(_percent(row, "yoy_rate_pp", "percentage_points", compared.rate_pp, vague))
    return [difference for difference in found if difference is not None]


def _counted(row: PublishedRow, name: str, published: int, recomputed: int, approximate: bool) -> Difference | None:
    if published == recomputed:
        return None
    measure = "cases" if row.measure == "cases" else "vnd"
    return Difference(name, measure, str(published), str(recomputed), str(published - recomputed), approximate)


def _percent(
    row: PublishedRow, column: str, measure: str, recomputed: Decimal | None, approximate: bool
) -> Difference | None:
    """Compared to as many places as were printed; the difference itself is of the unrounded value."""
    published = row.percents.get(column)
    if published is None or recomputed is None or recomputed.quantize(published, ROUND_HALF_UP) == published:
        return None
    difference = two_places(published - recomputed)
    return Difference(column, measure, str(published), two_places(recomputed), difference, approximate)


def restatements(row: PublishedRow, rows: Sequence[PublishedRow]) -> list[Restatement]:
    """What the row publishes anew: figures that an earlier publication of the same period gave otherwise."""
    earlier = [
        other for other in rows if other.fiscal_year == row.fiscal_year and other.status in EARLIER.get(row.status, ())
    ]
    return [
        Restatement(column, other.status, other.figures[column].text, now.text, now.value - other.figures[column].value)
        for other in earlier
        for column, now in row.figures.items()
        if column in other.figures and other.figures[column].value != now.value
    ]
