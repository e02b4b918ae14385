"""The priority flags of one case, with their reasons."""

from datetime import date, timedelta

from django.core.cache import cache

from peer.models import PriorityRule

LEVELS = {"central": ("Trung ương", "Central"), "provincial": ("cấp tỉnh", "provincial")}
DAY = timedelta(days=1)


def rules_on(day):
    """The rules in force on a day, kept for a minute."""
    found = PriorityRule.objects.filter(validity__contains=day).order_by("flag", "version")
    return cache.get_or_set(f"rules {day}", lambda: list(found), 60)


def anniversary(day, years):
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 2, 28)


def first_day_raised(decided, rule):
    reached = anniversary(decided, rule.years)
    return reached if rule.years_inclusive else reached + DAY


def latest_decision_date(on, rule):
    reached = on if rule.years_inclusive else on - DAY
    newest = anniversary(reached, -rule.years)
    eve = newest + DAY
    return eve if anniversary(eve, rule.years) <= reached else newest


def raised_flags(case, on, rules):
    """The flags of a case on a day."""
    if not case.is_open:
        return []
    tracked = [
        (t.level, t.tracked.lower or date.min, t.tracked.upper or date.max)
        for t in (case.matter.trackings.all() if case.matter_id else ())
    ]
    return [flag for flag in (_raised(case, on, rule, tracked) for rule in rules) if flag]


def _raised(case, on, rule, tracked):
    amount = case.outstanding_vnd if rule.amount_meant == "outstanding" else case.amount_vnd
    reached = first_day_raised(case.decision_date, rule) if rule.years is not None else None
    if reached is not None and reached > on:
        return None
    if rule.requires_conditions and not case.with_conditions:
        return None
    if rule.min_amount_vnd is not None and amount < rule.min_amount_vnd:
        return None
    levels = sorted({level for level, since, until in tracked if since <= on < until})
    followed = _tracked_since(on, tracked) if levels else None
    steering = rule.flag == "steering_committee"
    if steering and followed is None:
        return None
    began = (followed if steering else reached) or rule.validity.lower
    facts = {
        "decision_date": case.decision_date,
        "years": rule.years,
        "reached_on": reached,
        "with_conditions": case.with_conditions,
        "amount_vnd": amount,
        "amount_meant": rule.amount_meant,
        "min_amount_vnd": rule.min_amount_vnd,
        "matter_id": case.matter_id,
        "tracked_by": levels,
        "tracked_since": followed,
    }
    text_vi, text_en = _texts(rule, facts, steering)
    return {
        "flag": rule.flag,
        "rule_version": rule.version,
        "since": max(rule.validity.lower, began),
        "facts": facts,
        "legal_basis": rule.legal_basis,
        "text_vi": text_vi,
        "text_en": text_en,
    }


def _tracked_since(on, tracked):
    start = on
    while earlier := [since for _, since, until in tracked if since < start <= until]:
        start = min(earlier)
    return start


def _texts(rule, facts, steering):
    vi, en = [], []
    if steering:
        names = [LEVELS[level] for level in facts["tracked_by"]]
        vi.append(
            f"Vụ việc do Ban Chỉ đạo {', '.join(n[0] for n in names)} theo dõi từ {facts['tracked_since']:%d/%m/%Y}"
        )
        en.append(
            f"matter tracked by the {' and '.join(n[1] for n in names)} steering committee since "
            f"{facts['tracked_since']}"
        )
    if rule.years is not None:
        vi.append(
            f"quyết định thi hành án ngày {facts['decision_date']:%d/%m/%Y}, "
            f"{'đủ' if rule.years_inclusive else 'quá'} {rule.years} năm từ {facts['reached_on']:%d/%m/%Y}"
        )
        en.append(
            f"decision of {facts['decision_date']}, {'' if rule.years_inclusive else 'more than '}"
            f"{rule.years} years old since {facts['reached_on']}"
        )
    if rule.min_amount_vnd is not None:
        amounts = (facts["amount_vnd"], rule.min_amount_vnd)
        vi.append("{} đồng (từ {} đồng trở lên)".format(*(f"{a:,}".replace(",", ".") for a in amounts)))
        en.append("{:,} VND (at least {:,})".format(*amounts))
    vi.append("có điều kiện thi hành" if facts["with_conditions"] else "chưa có điều kiện thi hành")
    en.append("with conditions" if facts["with_conditions"] else "without conditions")
    return _sentence(vi), _sentence(en)


def _sentence(parts):
    text = "; ".join(parts)
    return text[:1].upper() + text[1:] + "."
