"""Results of all provinces from 1 October to today, beside target, nation and the year before."""

from collections import Counter, defaultdict
from datetime import date
from fractions import Fraction
from functools import reduce
from operator import add, sub

from django.core.cache import cache
from django.db.models import F, Func, Sum, TextField, Value
from django.utils import timezone
from django.utils.dateparse import parse_date
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response
from rest_framework.views import APIView

from peer.models import (
    STOCK,
    Regime,
    RegimeVersion,
    RollupUnitDay,
    RollupUnitMonth,
    RollupUnitQuarter,
    Target,
    Unit,
    UnitOpening,
    UnitSuccessor,
)
from peer.periods import Period
from peer.rates import change, percent, points, rate_out, ratio

INDICATORS = {"cases_rate": "cases", "money_rate": "money"}
ONE_DECISION_PER_DEBTOR = date(2026, 7, 1)
LETTERS = {
    "D1": "done",
    "D2": "enforcing",
    "D3": "deferred_by_agreement",
    "D4": "other",
    "C2": "without_conditions",
    "C3": "deferred_or_suspended",
}
RESULT = ("done", "enforcing", "deferred_by_agreement", "other")
REFRESH_SECONDS = 60


def lines_of(regime):
    """Each line as accounts added, accounts taken away, accounts whose opening stock counts."""
    return {
        "carried_over": ((), ("register_carried",), STOCK),
        "newly_accepted": (("accepted", "raised", "register_back"), ("register_new",), ()),
        "handed_over_net": (("handed_in",), ("handed_out",), ()),
        "entrusted": (("entrusted",), (), ()),
        "withdrawn": (("withdrawn",), (), ()),
        "pulled_up": (("pulled_up",), (), ()),
        **{
            name: (tuple(regime.lines[letter]), (), tuple(a for a in regime.lines[letter] if a in STOCK))
            for letter, name in LETTERS.items()
        },
    }


def _sums(regime, names, *, opening):
    """One annotation for each line and measure that is not zero by definition."""
    found = {}
    for measure in INDICATORS.values():
        for name, (plus, minus, stock) in lines_of(regime).items():
            added = [F(f"{measure}_{account}") for account in (stock if opening else plus)]
            taken = [F(f"{measure}_{account}") for account in (() if opening else minus)]
            if name in names and (added or taken):
                total = reduce(sub, taken, reduce(add, added)) if added else -reduce(add, taken)
                found[f"{measure}_{name}_"] = Sum(total)
    return found


def _by_province(rows, regime, names, *, opening):
    """Sums by the second step of a unit's path: its province, old or new."""
    step = Func(F("unit__path"), Value("."), Value(2), function="split_part", output_field=TextField())
    return rows.values(province=step).annotate(**_sums(regime, names, opening=opening))


def balances(period, today, names):
    """Sums of a period by province of today; what old provinces had counts with their successor."""
    regime = regime_on(period.last)
    months, days, sign = period.span(today)
    parts = (
        (RollupUnitQuarter.objects.filter(quarter__gte=period.first, quarter__lt=months[0]), 1, False),
        (RollupUnitMonth.objects.filter(month__range=months), 1, False),
        (RollupUnitDay.objects.filter(day__range=days), sign, False),
        (UnitOpening.objects.filter(fiscal_year=period.fiscal_year), 1, True),
    )
    found = defaultdict(Counter)
    successors = organisation()["successors"]
    for rows, factor, opening in parts:
        for row in _by_province(rows, regime, names, opening=opening):
            province = row.pop("province")
            kept = found[successors.get(province, province)]
            for name, value in row.items():
                kept[name] += factor * value
    return found


def organisation():
    """Provinces of today with their names, and which old ones they succeeded; kept for a minute."""
    return cache.get_or_set("organisation", _organisation, REFRESH_SECONDS)


def _organisation():
    today = timezone.localdate()
    provinces = Unit.objects.filter(level="provincial", validity__contains=today).order_by("path")
    links = UnitSuccessor.objects.filter(predecessor__level="provincial", successor__level="provincial")
    pairs = links.order_by("-successor__path").values_list("predecessor__path", "successor__path")
    return {
        "provinces": list(
            provinces.filter(names__validity__contains=today).values("id", "code", "path", name=F("names__name"))
        ),
        "successors": {before.split(".")[1]: after.split(".")[1] for before, after in pairs},
    }


def regime_on(day):
    """The statistical regime of a day with its lines; kept for a minute."""
    return cache.get_or_set(f"regime {day}", lambda: _regime_on(day), REFRESH_SECONDS)


def _regime_on(day):
    regime = Regime.objects.get(validity__contains=day)
    regime.lines = RegimeVersion.objects.filter(code=regime.code).order_by("-version")[0].lines["cases"]
    return regime


def targets_of(period):
    """The newest version of each target that is effective on the last day."""
    found = Target.objects.filter(
        unit__level="provincial", fiscal_year=period.fiscal_year, effective_on__lte=period.last
    )
    return {(target.unit_id, target.indicator): target for target in found.order_by("version")}


def _share(sums, measure):
    return sums[f"{measure}_done_"], sum(sums[f"{measure}_{name}_"] for name in RESULT)


def _result(regime, measure, now, before, target):
    lines = {name: now[f"{measure}_{name}_"] for name in lines_of(regime)}
    share = _share(now, measure)
    accepted = lines["carried_over"] + lines["newly_accepted"] + lines["handed_over_net"]
    must_enforce = accepted - lines["entrusted"] - lines["withdrawn"] - lines["pulled_up"]
    return {
        **lines,
        "accepted_total": accepted,
        "must_enforce": must_enforce,
        "with_conditions": share[1],
        "carried_forward": must_enforce - lines["done"],
        "share": share,
        "before": _share(before, measure),
        "target": target,
        "rank": None,
    }


def _set_ranks(results):
    """Equal rates get equal ranks; how many have one."""
    rated = sorted((r for r in results if r["share"][1]), key=lambda r: Fraction(*r["share"]), reverse=True)
    for number, result in enumerate(rated):
        equal = number and Fraction(*result["share"]) == Fraction(*rated[number - 1]["share"])
        result["rank"] = rated[number - 1]["rank"] if equal else number + 1
    return len(rated)


def _presented(result, national):
    share, before, target = result.pop("share"), result.pop("before"), result.pop("target")
    wanted = (target.rate_bp, 10_000) if target else None
    return {
        **result,
        "rate": rate_out(share),
        "target": {"id": target.id, "version": target.version, "rate": percent(*wanted)} if target else None,
        "attainment": ratio(share[0] * 1_000_000, share[1] * target.rate_bp) if target and share[1] else None,
        "distance_pp": points(share, wanted) if target else None,
        "national_difference_pp": points(share, national),
        "below_national_average": (
            share[0] * national[1] < national[0] * share[1] if share[1] and national[1] else None
        ),
        "previous_year": {
            "rate": rate_out(before),
            "delta_pp": points(share, before),
            "delta": share[0] - before[0],
            "delta_pct": change(share[0], before[0]),
        },
    }


def _period_out(period):
    return {
        "fiscal_year": period.fiscal_year,
        "months": period.months,
        "starts_on": period.first,
        "ends_on": period.last,
        "regime": regime_on(period.last).code,
    }


class AttainmentView(APIView):
    """Only what is measured: all provinces of the new map, both indicators."""

    scope = "targets:read"

    def get(self, request):
        if (request.query_params.get("of"), request.query_params.get("level")) != ("level", "provincial"):
            raise ValidationError({"of": "only level=provincial"})
        today = timezone.localdate()
        period = Period(parse_date(request.query_params.get("as_of", "")) or today)
        before = period.year_before()
        regime = regime_on(period.last)
        now, then = balances(period, today, lines_of(regime)), balances(before, today, RESULT)
        national = {
            name: tuple(map(sum, zip(*(_share(sums, measure) for sums in now.values()), strict=True))) or (0, 0)
            for name, measure in INDICATORS.items()
        }
        targets = targets_of(period)
        standings = [
            (unit, self._results(unit, regime, now, then, targets))
            for unit in organisation()["provinces"]
            if any(unit["path"].startswith(path) for path in request.user.paths)
        ]
        ranked = {name: _set_ranks([results[name] for _, results in standings]) for name in INDICATORS}
        standings.sort(key=lambda standing: standing[1]["cases_rate"]["rank"] or 10_000)
        same = regime.lines == regime_on(before.last).lines
        grouped = before.first < ONE_DECISION_PER_DEBTOR <= period.last
        comparable = {"cases_rate": same and not grouped, "money_rate": same}
        return Response(
            {
                "items": [
                    {
                        "unit": {name: unit[name] for name in ("id", "code", "name")},
                        "officer": None,
                        **{name: _presented(result, national[name]) for name, result in results.items()},
                    }
                    for unit, results in standings
                ],
                "next": None,
                "period": _period_out(period),
                "previous_period": _period_out(before),
                "national": {
                    name: {"rate": rate_out(national[name]), "ranked": ranked[name], "comparable": comparable[name]}
                    for name in INDICATORS
                },
            }
        )

    def _results(self, unit, regime, now, then, targets):
        place = unit["path"].split(".")[1]
        return {
            name: _result(regime, measure, now[place], then[place], targets.get((unit["id"], name)))
            for name, measure in INDICATORS.items()
        }
