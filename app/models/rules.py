"""What the law may change, as data with a validity: regimes, priority rules, targets, holidays, deadlines."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

from app.models.base import metadata, one_of, recorded_at, uuid_key, validity
from app.models.codes import INDICATORS, INDICATORS_BY_NUMBER, INDICATORS_BY_RATE

regime = Table(
    "regime",
    metadata,
    Column("code", Text, primary_key=True),
    Column("name_vi", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("legal_basis", Text, nullable=False),
    validity(),
)

regime_version = Table(
    "regime_version",
    metadata,
    Column("code", Text, ForeignKey("regime.code"), primary_key=True),
    Column("version", SmallInteger, primary_key=True, autoincrement=False),
    Column("since", Date, comment="first day counted by it; null: from the beginning of the regime"),
    Column("provisional", Boolean, nullable=False, comment="a stand-in until the rules of the circular are known"),
    Column(
        "lines",
        JSONB,
        nullable=False,
        comment="measure → line of the counting identity → accounts that feed it",
    ),
    Column("legal_basis", Text, nullable=False),
    recorded_at(),
    comment="how a regime counts; the newest version with since up to a day holds on it, and all stay",
)

priority_rule = Table(
    "priority_rule",
    metadata,
    Column("flag", Text, primary_key=True),
    Column("version", SmallInteger, primary_key=True),
    Column("years", SmallInteger),
    Column(
        "years_inclusive",
        Boolean,
        nullable=False,
        comment="true: raised on the very day; false: the day after",
    ),
    Column("min_amount_vnd", BigInteger),
    Column("amount_meant", Text, nullable=False),
    Column("requires_conditions", Boolean, nullable=False),
    Column("legal_basis", Text, nullable=False),
    validity(),
    one_of("flag", ("long_running", "high_value", "steering_committee")),
    one_of("amount_meant", ("value", "outstanding")),
    UniqueConstraint("flag", "validity", name="uq_priority_rule_flag"),  # WITHOUT OVERLAPS in the database
)

target = Table(
    "target",
    metadata,
    uuid_key(),
    Column("unit_id", Uuid, ForeignKey("unit.id")),
    Column("officer_id", Uuid, ForeignKey("officer.id")),
    Column("fiscal_year", SmallInteger, nullable=False),
    Column("indicator", Text, nullable=False),
    Column("version", SmallInteger, nullable=False, comment="1 when set, 2… as amended; all stay"),
    Column("rate_bp", Integer, comment="hundredths of a percent: 8390 is 83.90 %"),
    Column("decision_no", Text, nullable=False),
    Column("decision_date", Date, nullable=False),
    Column("signer", Text, nullable=False),
    Column("effective_on", Date, nullable=False),
    recorded_at(),
    Column("amount", BigInteger, comment="cases or VND to be reached, of indicators that are numbers"),
    Column(
        "milestones", JSONB, nullable=False, server_default="{}",
        comment="months since 1 October → what is to be reached by then, like rate_bp or amount",
    ),
    one_of("indicator", INDICATORS),
    CheckConstraint("rate_bp BETWEEN 0 AND 10000", name="rate"),
    CheckConstraint(
        f"""CASE WHEN indicator IN {INDICATORS_BY_NUMBER} THEN rate_bp IS NULL AND amount >= 0
            ELSE rate_bp IS NOT NULL AND amount IS NULL END IS TRUE""",
        name="value",
    ),
    CheckConstraint("num_nonnulls(unit_id, officer_id) = 1", name="holder"),
    Index(
        "uq_target_version", "unit_id", "officer_id", "fiscal_year", "indicator", "version",
        unique=True, postgresql_nulls_not_distinct=True,
    ),
    Index("ix_target_fiscal_year", "fiscal_year", "unit_id"),
    Index("ix_target_officer_id", "officer_id", "fiscal_year"),
)  # fmt: skip

workload_scheme = Table(
    "workload_scheme",
    metadata,
    Column("unit_id", Uuid, ForeignKey("unit.id"), primary_key=True),
    Column("indicator", Text, primary_key=True),
    Column("version", SmallInteger, primary_key=True, autoincrement=False),
    Column("since", Date, nullable=False),
    Column(
        "classes",
        JSONB,
        nullable=False,
        comment='rising: [{"from": cases, "rate_bp": hundredths of a percent}]; a class ends where the next one begins',
    ),
    Column("decision_no", Text, nullable=False),
    Column("decision_date", Date, nullable=False),
    Column("signer", Text, nullable=False),
    recorded_at(),
    one_of("indicator", INDICATORS_BY_RATE),
    comment="rates by workload for the units under one; the newest version with since up to a day holds on it, "
    "and all stay",
)

holiday = Table(
    "holiday",
    metadata,
    Column("day", Date, primary_key=True),
    Column("name", Text, nullable=False),
    Column("works", Boolean, nullable=False, server_default="false", comment="a day off is made up for on this day"),
    Column("announced", Boolean, nullable=False, comment="by law or announcement; false: calculated, may change"),
    Column("source", Text, nullable=False),
    comment="days that are not as their weekday says; a year with rows is known as a whole",
)

deadline = Table(
    "deadline",
    metadata,
    Column("code", Text, primary_key=True),
    Column("working_days", SmallInteger, nullable=False),
    Column("legal_basis", Text, nullable=False),
    Column("validity", validity().type, primary_key=True),  # WITHOUT OVERLAPS in the database
    CheckConstraint("working_days > 0", name="working_days"),
    comment="within how many working days something is due, by the day of what sets it off",
)
