"""Reading and listing cases."""

from django.db.models import Prefetch
from django.utils import timezone
from rest_framework.exceptions import ValidationError
from rest_framework.generics import ListAPIView, RetrieveAPIView

from peer.models import EnforcementCase, Obligation, Party, Unit, UnitName
from peer.serializers import CaseDetailSerializer, CaseSerializer


def visible_cases(caller):
    """Cases the caller may see, with what every presentation of them needs."""
    names = UnitName.objects.filter(validity__contains=timezone.localdate())
    return (
        EnforcementCase.objects.filter(caller.wall())
        .select_related("unit", "officer")
        .prefetch_related(Prefetch("unit__names", queryset=names))
    )


class CaseListView(ListAPIView):
    scope = "cases:read"
    serializer_class = CaseSerializer

    def get_queryset(self):
        cases = visible_cases(self.request.user)
        if unit_id := self.request.query_params.get("unit"):
            cases = cases.filter(unit_id__in=self._subtree(unit_id))
        if opened := self.request.query_params.get("open"):
            cases = cases.filter(is_open=opened == "true")
        return cases

    def _subtree(self, unit_id):
        caller = self.request.user
        unit = Unit.objects.filter(caller.wall("path"), pk=unit_id).first()
        if unit is None:
            raise ValidationError({"unit": "no such unit"})
        below = Unit.objects.filter(path__gte=unit.path, path__lt=unit.path[:-1] + "/")
        return list(below.values_list("pk", flat=True))


class CaseDetailView(RetrieveAPIView):
    scope = "cases:read"
    serializer_class = CaseDetailSerializer

    def get_queryset(self):
        return visible_cases(self.request.user).prefetch_related(
            Prefetch("obligations", queryset=Obligation.objects.order_by("no")),
            Prefetch("parties", queryset=Party.objects.order_by("no")),
            "matter__trackings",
        )
