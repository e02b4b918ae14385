"""Serializers in the usual way."""

from django.utils import timezone
from rest_framework import serializers

from peer.flags import raised_flags, rules_on
from peer.models import EnforcementCase, Obligation, Officer, Party, Unit

SEGMENTS = ((1, "credit_institution"), (2, "corruption_economic"), (4, "state_budget"))


class UnitSerializer(serializers.ModelSerializer):
    name = serializers.SerializerMethodField()

    class Meta:
        model = Unit
        fields = ("id", "code", "name")

    def get_name(self, unit) -> str:
        # the view prefetches the name of today only
        return unit.names.all()[0].name


class OfficerSerializer(serializers.ModelSerializer):
    class Meta:
        model = Officer
        fields = ("id", "name")


class CaseSerializer(serializers.ModelSerializer):
    unit = UnitSerializer()
    officer = OfficerSerializer()
    matter_id = serializers.UUIDField()
    segments = serializers.SerializerMethodField()
    state = serializers.CharField(source="account")
    confidentiality = serializers.SerializerMethodField()

    class Meta:
        model = EnforcementCase
        fields = (
            "id", "file_no", "decision_no", "decision_date", "accepted_on", "unit", "officer", "matter_id", "kind",
            "initiation", "segments", "state", "with_conditions", "amount_vnd", "outstanding_vnd", "left_on", "version",
            "confidentiality",
        )  # fmt: skip

    def get_confidentiality(self, case) -> str:
        return ("ordinary", "restricted", "secret")[case.confidentiality]

    def get_segments(self, case) -> list[str]:
        return [name for bit, name in SEGMENTS if case.segment & bit]


class ObligationSerializer(serializers.ModelSerializer):
    class Meta:
        model = Obligation
        fields = ("no", "kind", "amount_vnd", "description")


class PartySerializer(serializers.ModelSerializer):
    name = serializers.CharField(source="masked_name")

    class Meta:
        model = Party
        fields = ("no", "role", "kind", "credit_institution", "institution", "name")


class CaseDetailSerializer(CaseSerializer):
    as_of = serializers.SerializerMethodField()
    obligations = ObligationSerializer(many=True)
    parties = PartySerializer(many=True)
    flags = serializers.SerializerMethodField()

    class Meta(CaseSerializer.Meta):
        fields = (
            *CaseSerializer.Meta.fields,
            "as_of",
            "judgment_no",
            "judgment_date",
            "court",
            "obligations",
            "parties",
            "flags",
        )

    def get_as_of(self, case) -> str:
        return timezone.localdate().isoformat()

    def get_flags(self, case) -> list[dict]:
        day = timezone.localdate()
        return raised_flags(case, day, rules_on(day)) if case.is_open else []
