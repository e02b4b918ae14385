"""Flagged cases of today, oldest decision first, and how many there are."""

from collections import defaultdict
from functools import reduce
from operator import or_

from django.db.models import Count, F, Func, Prefetch, Q, Sum, TextField, Value
from django.utils import timezone
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.generics import ListAPIView
from rest_framework.response import Response
from rest_framework.views import APIView

from peer.attainment import organisation
from peer.flags import latest_decision_date, raised_flags, rules_on
from peer.models import EnforcementCase, MatterTracking, Unit, UnitName
from peer.pagination import KeysetPagination
from peer.serializers import CaseSerializer, UnitSerializer
from peer.views import visible_cases

FLAGS = ("long_running", "high_value", "steering_committee")


def condition_of(rule, day):
    """The cases a rule flags on a day."""
    condition = Q(is_open=True)
    if rule.requires_conditions:
        condition &= Q(with_conditions=True)
    if rule.min_amount_vnd is not None:
        meant = "outstanding_vnd" if rule.amount_meant == "outstanding" else "amount_vnd"
        condition &= Q(**{f"{meant}__gte": rule.min_amount_vnd})
    if rule.years is not None:
        condition &= Q(decision_date__lte=latest_decision_date(day, rule))
    if rule.flag == "steering_committee":
        tracked = MatterTracking.objects.filter(tracked__contains=day).values("matter_id")
        condition &= Q(steering_matter=True, matter_id__in=tracked)
    return condition


class PrioritySerializer(CaseSerializer):
    flags = serializers.SerializerMethodField()

    class Meta(CaseSerializer.Meta):
        fields = (*CaseSerializer.Meta.fields, "flags")

    def get_flags(self, case) -> list[dict]:
        return raised_flags(case, self.context["day"], self.context["rules"])


class OldestFirst(KeysetPagination):
    ordering = ("decision_date", "id")

    def more(self):
        return {}


class PriorityListView(ListAPIView):
    scope = "priority:read"
    serializer_class = PrioritySerializer
    pagination_class = OldestFirst

    def get_queryset(self):
        context = self.get_serializer_context()
        flagged = reduce(or_, (condition_of(rule, context["day"]) for rule in context["rules"]))
        cases = visible_cases(self.request.user).filter(flagged, is_open=True)
        return cases.prefetch_related("matter__trackings")

    def get_serializer_context(self):
        day = timezone.localdate()
        return {**super().get_serializer_context(), "day": day, "rules": rules_on(day)}


def _figure(sums):
    return dict(zip(("cases", "amount_vnd", "outstanding_vnd"), sums, strict=True))


def _tally(kept, rules):
    in_force = {rule.flag for rule in rules}
    flags = {flag: _figure(kept[flag]) if flag in in_force else None for flag in FLAGS}
    return {"total": _figure(kept["total"]), **flags}


class SummaryView(APIView):
    """Only what is measured: the nation by province."""

    scope = "priority:read"

    def get(self, request):
        names = Prefetch("names", queryset=UnitName.objects.filter(validity__contains=timezone.localdate()))
        nation = Unit.objects.filter(request.user.wall("path"), level="national").prefetch_related(names).first()
        if nation is None:
            raise ValidationError({"unit": "only of the nation"})
        day = timezone.localdate()
        rules = rules_on(day)
        overall, places = _empty(), defaultdict(_empty)
        successors = organisation()["successors"]
        for row in self._rows(day, rules):
            for kept in (overall, places[successors.get(row["part"], row["part"])]):
                for flag in ("total", *(rule.flag for rule in rules if row[rule.flag])):
                    kept[flag] = [a + b for a, b in zip(kept[flag], (row["n"], row["a"], row["o"]), strict=True)]
        brief = UnitSerializer(nation).data
        units = [({k: unit[k] for k in ("id", "code", "name")}, unit["path"]) for unit in organisation()["provinces"]]
        return Response(
            {
                "as_of": day,
                "unit": brief,
                "group_by": "unit",
                "overall": _tally(overall, rules),
                "groups": [
                    {"unit": unit, "officer": None, "level": None, "tally": _tally(places[path.split(".")[1]], rules)}
                    for unit, path in [*units, (brief, nation.path)]
                ],
            }
        )

    def _rows(self, day, rules):
        conditions = {rule.flag: condition_of(rule, day) for rule in rules}
        part = Func(F("unit_path"), Value("."), Value(2), function="split_part", output_field=TextField())
        return (
            EnforcementCase.objects.filter(self.request.user.wall(), reduce(or_, conditions.values()), is_open=True)
            .annotate(part=part, **conditions)
            .values("part", *conditions)
            .annotate(n=Count("id"), a=Sum("amount_vnd"), o=Sum("outstanding_vnd"))
        )


def _empty():
    return {flag: [0, 0, 0] for flag in ("total", *FLAGS)}
