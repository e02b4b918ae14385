"""The tables of the service; Django does not manage them."""

from django.contrib.postgres.fields import ArrayField, DateRangeField
from django.db import models

STOCK = ("enforcing", "deferred_by_agreement", "other", "no_conditions", "deferred", "suspended")
IN = ("accepted", "raised", "register_back", "handed_in")
DONE = ("completed", "terminated", "reduced", "returned")
OUT = ("entrusted", "withdrawn", "pulled_up", "register_carried", "register_new", "handed_out")


class Unit(models.Model):
    id = models.UUIDField(primary_key=True)
    code = models.TextField()
    level = models.TextField()
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="children")
    path = models.TextField()
    validity = DateRangeField()
    successors = models.ManyToManyField(
        "self", through="UnitSuccessor", through_fields=("predecessor", "successor"), symmetrical=False
    )

    class Meta:
        managed = False
        db_table = "unit"


class UnitName(models.Model):
    pk = models.CompositePrimaryKey("unit_id", "validity")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="names")
    name = models.TextField()
    validity = DateRangeField()

    class Meta:
        managed = False
        db_table = "unit_name"


class UnitSuccessor(models.Model):
    pk = models.CompositePrimaryKey("predecessor_id", "successor_id")
    predecessor = models.ForeignKey(Unit, models.PROTECT, related_name="+")
    successor = models.ForeignKey(Unit, models.PROTECT, related_name="+")

    class Meta:
        managed = False
        db_table = "unit_successor"


class Officer(models.Model):
    id = models.UUIDField(primary_key=True)
    name = models.TextField()

    class Meta:
        managed = False
        db_table = "officer"


class Matter(models.Model):
    id = models.UUIDField(primary_key=True)

    class Meta:
        managed = False
        db_table = "matter"


class MatterTracking(models.Model):
    pk = models.CompositePrimaryKey("matter_id", "level", "tracked")
    matter = models.ForeignKey(Matter, models.PROTECT, related_name="trackings")
    level = models.TextField()
    tracked = DateRangeField()

    class Meta:
        managed = False
        db_table = "matter_tracking"


class EnforcementCase(models.Model):
    id = models.UUIDField(primary_key=True)
    file_no = models.TextField()
    decision_no = models.TextField()
    decision_date = models.DateField()
    unit = models.ForeignKey(Unit, models.PROTECT)
    unit_path = models.TextField()
    officer = models.ForeignKey(Officer, models.PROTECT)
    matter = models.ForeignKey(Matter, models.PROTECT, null=True)
    kind = models.TextField()
    initiation = models.TextField()
    segment = models.SmallIntegerField()
    account = models.TextField()
    amount_vnd = models.BigIntegerField()
    outstanding_vnd = models.BigIntegerField()
    accepted_on = models.DateField()
    left_on = models.DateField(null=True)
    steering_matter = models.BooleanField()
    version = models.BigIntegerField()
    confidentiality = models.SmallIntegerField()
    judgment_no = models.TextField(null=True)
    judgment_date = models.DateField(null=True)
    court = models.TextField(null=True)
    is_open = models.BooleanField()
    with_conditions = models.BooleanField()

    class Meta:
        managed = False
        db_table = "enforcement_case"


class Obligation(models.Model):
    pk = models.CompositePrimaryKey("case_id", "no")
    case = models.ForeignKey(EnforcementCase, models.PROTECT, related_name="obligations")
    no = models.SmallIntegerField()
    kind = models.TextField()
    amount_vnd = models.BigIntegerField()
    description = models.TextField()

    class Meta:
        managed = False
        db_table = "obligation"


class Party(models.Model):
    pk = models.CompositePrimaryKey("case_id", "no")
    case = models.ForeignKey(EnforcementCase, models.PROTECT, related_name="parties")
    no = models.SmallIntegerField()
    role = models.TextField()
    kind = models.TextField()
    credit_institution = models.BooleanField()
    institution = models.TextField(null=True)
    masked_name = models.TextField()

    class Meta:
        managed = False
        db_table = "party"


class PriorityRule(models.Model):
    pk = models.CompositePrimaryKey("flag", "version")
    flag = models.TextField()
    version = models.SmallIntegerField()
    years = models.SmallIntegerField(null=True)
    years_inclusive = models.BooleanField()
    min_amount_vnd = models.BigIntegerField(null=True)
    amount_meant = models.TextField()
    requires_conditions = models.BooleanField()
    legal_basis = models.TextField()
    validity = DateRangeField()

    class Meta:
        managed = False
        db_table = "priority_rule"


class Regime(models.Model):
    code = models.TextField(primary_key=True)
    validity = DateRangeField()

    class Meta:
        managed = False
        db_table = "regime"


class RegimeVersion(models.Model):
    """Only ever filtered by code: the key of the table has the version too."""

    code = models.TextField(primary_key=True)
    version = models.SmallIntegerField()
    lines = models.JSONField()

    class Meta:
        managed = False
        db_table = "regime_version"


class Target(models.Model):
    id = models.UUIDField(primary_key=True)
    unit = models.ForeignKey(Unit, models.PROTECT, null=True)
    fiscal_year = models.SmallIntegerField()
    indicator = models.TextField()
    version = models.SmallIntegerField()
    rate_bp = models.IntegerField()
    effective_on = models.DateField()

    class Meta:
        managed = False
        db_table = "target"


class Client(models.Model):
    id = models.TextField(primary_key=True)
    scopes = ArrayField(models.TextField())
    disabled = models.BooleanField()
    units = models.ManyToManyField(Unit, through="ClientGrant")

    class Meta:
        managed = False
        db_table = "client"


class ClientGrant(models.Model):
    pk = models.CompositePrimaryKey("client_id", "unit_id")
    client = models.ForeignKey(Client, models.PROTECT)
    unit = models.ForeignKey(Unit, models.PROTECT)

    class Meta:
        managed = False
        db_table = "client_grant"


class Balances(models.Model):
    """Movements of a unit, one column per measure and account."""

    unit = models.ForeignKey(Unit, models.PROTECT, related_name="+")

    class Meta:
        abstract = True


def _add_balances(model, accounts):
    for measure in ("cases", "money"):
        for account in accounts:
            models.BigIntegerField().contribute_to_class(model, f"{measure}_{account}")


class RollupUnitMonth(Balances):
    pk = models.CompositePrimaryKey("unit_id", "month")
    month = models.DateField()

    class Meta:
        managed = False
        db_table = "rollup_unit_month"


class RollupUnitQuarter(Balances):
    pk = models.CompositePrimaryKey("unit_id", "quarter")
    quarter = models.DateField()

    class Meta:
        managed = False
        db_table = "rollup_unit_quarter"


class RollupUnitDay(Balances):
    pk = models.CompositePrimaryKey("unit_id", "day")
    day = models.DateField()

    class Meta:
        managed = False
        db_table = "rollup_unit_day"


class UnitOpening(Balances):
    pk = models.CompositePrimaryKey("unit_id", "fiscal_year")
    fiscal_year = models.SmallIntegerField()

    class Meta:
        managed = False
        db_table = "unit_opening"


for _model in (RollupUnitQuarter, RollupUnitMonth, RollupUnitDay):
    _add_balances(_model, (*IN, *STOCK, *DONE, *OUT))
_add_balances(UnitOpening, STOCK)
