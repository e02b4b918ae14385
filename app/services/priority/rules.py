"""The one definition of the priority flags: for one case, on any day, with the reason.

Source: the directive on the tasks of 2025 — decisions of five years and more; 20 billion VND and more with
conditions, more than three years; matters tracked by the steering committees on anti-corruption. Thresholds,
boundaries and legal basis come from rule versions. Amounts are whole VND.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from app.services.reference import PriorityRule

LONG_RUNNING: Final = "long_running"
HIGH_VALUE: Final = "high_value"
STEERING: Final = "steering_committee"
FLAGS: Final = (LONG_RUNNING, HIGH_VALUE, STEERING)

_DAY: Final = timedelta(days=1)


class CaseFacts(NamedTuple):
    """What the flags look at in a case (việc) on the day asked for; amounts in VND.

    `is_open`: it stands in the counted stock; ended cases and those in the separate register carry no flag.
    """

    decision_date: date
    is_open: bool
    with_conditions: bool
    amount_vnd: int
    outstanding_vnd: int
    matter_id: str | None = None


class Tracking(NamedTuple):
    """A steering committee (Ban Chỉ đạo) tracks the matter of the case; `[since, until)`."""

    level: str
    since: date
    until: date


class Compared(NamedTuple):
    """The facts a flag was decided by, next to what the rule version asks of them."""

    decision_date: date
    years: int | None
    reached_on: date | None
    with_conditions: bool
    amount_vnd: int
    amount_meant: str
    min_amount_vnd: int | None
    matter_id: str | None
    tracked_by: tuple[str, ...]
    tracked_since: date | None


class RaisedFlag(NamedTuple):
    """A flag that is raised, with its reason.

    `since` is the day since which age, tracking and this rule version give the flag without a break, taking
    conditions and amount as they stand on the day asked for.
    """

    flag: str
    rule_version: int
    since: date
    compared: Compared
    legal_basis: str
    text_vi: str
    text_en: str


def anniversary(day: date, years: int) -> date:
    """The same day `years` later; 29 February falls on the 28th in a year without a 29th."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 2, 28)


def latest_day(on: date, years: int) -> date:
    """The newest day that is so many years old on a day: the inverse of `anniversary`."""
    newest = anniversary(on, -years)
    # 29 February reaches its age on the 28th already where the later year has no 29th
    eve = newest + _DAY
    return eve if anniversary(eve, years) <= on else newest


def first_day_raised(decision_date: date, rule: "PriorityRule") -> date:
    """The first day on which a decision is old enough.

    Inclusive ("từ … năm trở lên"): the anniversary itself; strict ("quá … năm"): the day after. A rule without an
    age is satisfied from the decision on.
    """
    if rule.years is None:
        return decision_date
    reached = anniversary(decision_date, rule.years)
    return reached if rule.years_inclusive else reached + _DAY


def latest_decision_date(on: date, rule: "PriorityRule") -> date:
    """The newest decision date that is old enough on a day: the inverse of `first_day_raised`."""
    if rule.years is None:
        return on
    return latest_day(on if rule.years_inclusive else on - _DAY, rule.years)


def flags(facts: CaseFacts, on: date, rules: Iterable["PriorityRule"], tracked: Sequence[Tracking]) -> list[RaisedFlag]:
    """The flags raised on a case on a day, in the order of the rules; rules not in force that day raise none."""
    if not facts.is_open:
        return []
    in_force = [rule for rule in rules if rule.since <= on < rule.until]
    return [flag for rule in in_force if (flag := _raised(facts, on, rule, tracked))]


def _raised(facts: CaseFacts, on: date, rule: "PriorityRule", tracked: Sequence[Tracking]) -> RaisedFlag | None:
    if rule.requires_conditions and not facts.with_conditions:
        return None
    amount = facts.outstanding_vnd if rule.amount_meant == "outstanding" else facts.amount_vnd
    if rule.min_amount_vnd is not None and amount < rule.min_amount_vnd:
        return None
    reached = first_day_raised(facts.decision_date, rule) if rule.years is not None else None
    if reached is not None and reached > on:
        return None
    levels = tuple(sorted({t.level for t in tracked if t.since <= on < t.until})) if tracked else ()
    followed = _tracked_since(on, tracked) if levels else None
    if rule.flag == STEERING and followed is None:
        return None
    compared = Compared(
        decision_date=facts.decision_date,
        years=rule.years,
        reached_on=reached,
        with_conditions=facts.with_conditions,
        amount_vnd=amount,
        amount_meant=rule.amount_meant,
        min_amount_vnd=rule.min_amount_vnd,
        matter_id=facts.matter_id,
        tracked_by=levels,
        tracked_since=followed,
    )
    began = followed if rule.flag == STEERING else reached
    since = max(rule.since, began or rule.since)
    return RaisedFlag(rule.flag, rule.version, since, compared, rule.legal_basis, *_texts(rule, compared))


def _tracked_since(on: date, tracked: Sequence[Tracking]) -> date:
    """The day since which one committee or another has tracked the matter without a break."""
    start = on
    while earlier := [t.since for t in tracked if t.since < start <= t.until]:
        start = min(earlier)
    return start


_LEVELS: Final = {"central": ("Trung ương", "Central"), "provincial": ("cấp tỉnh", "provincial")}


def _texts(rule: "PriorityRule", compared: Compared) -> tuple[str, str]:
    """The reason in Vietnamese and in English."""
    vi, en = [], []
    if rule.flag == STEERING:
        names = [_LEVELS[level] for level in compared.tracked_by]
        vi.append(f"Vụ việc do Ban Chỉ đạo {', '.join(n[0] for n in names)} theo dõi từ {_vi(compared.tracked_since)}")
        en.append(f"matter tracked by the {' and '.join(n[1] for n in names)} steering committee since "
                  f"{compared.tracked_since}")  # fmt: skip
    if compared.years is not None and compared.reached_on is not None:
        age = _age(compared.decision_date, compared.reached_on, compared.years, rule.years_inclusive)
        vi.append(age[0])
        en.append(age[1])
    if compared.min_amount_vnd is not None:
        vi.append(f"{_money(compared.amount_vnd)} đồng (từ {_money(compared.min_amount_vnd)} đồng trở lên)")
        en.append(f"{compared.amount_vnd:,} VND (at least {compared.min_amount_vnd:,})")
    vi.append("có điều kiện thi hành" if compared.with_conditions else "chưa có điều kiện thi hành")
    en.append("with conditions" if compared.with_conditions else "without conditions")
    return _sentence(vi), _sentence(en)


def _sentence(parts: list[str]) -> str:
    text = "; ".join(parts)
    return text[:1].upper() + text[1:] + "."


@lru_cache(maxsize=10_000)  # cases share their days, and dates are slow to write out
def _age(decided: date, reached: date, years: int, inclusive: bool) -> tuple[str, str]:
    return (
        f"quyết định thi hành án ngày {_vi(decided)}, {'đủ' if inclusive else 'quá'} {years} năm từ {_vi(reached)}",
        f"decision of {decided}, {'' if inclusive else 'more than '}{years} years old since {reached}",
    )


def _vi(day: date | None) -> str:
    return f"{day:%d/%m/%Y}" if day else ""


def _money(amount: int) -> str:
    return f"{amount:,}".replace(",", ".")


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days `[first, last]` ahead on which one rule version may newly raise its flag.

    `before` says what has raised the flag already: versions, each with the day until which it was looked at.
    """

    rule: "PriorityRule"
    first: date
    last: date
    before: tuple[tuple["PriorityRule", date], ...]


def stretches(rules: Iterable["PriorityRule"], today: date, until: date) -> list[Stretch]:
    """The stretches after today, up to and with `until`, of the rules that flag by age."""
    found: list[Stretch] = []
    before: dict[str, tuple[tuple[PriorityRule, date], ...]] = {}
    for rule in sorted(rules, key=lambda rule: rule.since):
        first, last = max(rule.since, today + _DAY), min(rule.until - _DAY, until)
        if rule.years is None or rule.until <= today or rule.since > until:
            continue
        earlier = before.get(rule.flag, ())
        if first <= last:
            known = ((rule, today),) if rule.since <= today else earlier
            found.append(Stretch(rule, first, last, known))
        before[rule.flag] = (*earlier, (rule, last))
    return found


def kept_threshold(rules: Iterable["PriorityRule"]) -> int | None:
    """The amount by which the open stock tells value classes apart: that of the newest version of its rule (VND)."""
    versions = [rule for rule in rules if rule.flag == HIGH_VALUE]
    return max(versions, key=lambda rule: rule.version).min_amount_vnd if versions else None
