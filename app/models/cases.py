"""Cases (việc), their obligations (khoản) and parties (đương sự)."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Date,
    ForeignKey,
    Index,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from app.models.base import CPath, metadata, money, one_of, recorded_at, uuid_key
from app.models.codes import (
    ACCOUNTS_STOCK,
    ACCOUNTS_WITH_CONDITIONS,
    CASE_KINDS,
    CASE_STATES,
    INITIATIONS,
    OBLIGATION_KINDS,
    PARTY_KINDS,
    PARTY_ROLES,
)

# The floor of the partial index behind the high-value flag; a rule's threshold may move anywhere above it.
HIGH_VALUE_INDEX_FLOOR = 1_000_000_000
# Marks columns with personal data of parties (dữ liệu cá nhân, Law 91/2025): only `app.services.parties` shows them.
PERSONAL = {"personal": True}


def _listed(codes: tuple[str, ...]) -> str:
    return ", ".join(f"'{code}'" for code in codes)


enforcement_case = Table(
    "enforcement_case",
    metadata,
    uuid_key(),
    Column("file_no", Text, nullable=False),
    Column("decision_no", Text, nullable=False),
    Column("decision_date", Date, nullable=False),
    Column("unit_id", Uuid, ForeignKey("unit.id"), nullable=False),
    Column(
        "unit_path",
        CPath,
        nullable=False,
        comment="copy of the path of the unit: what the row wall is a range of",
    ),
    Column("officer_id", Uuid, ForeignKey("officer.id"), nullable=False),
    Column("matter_id", Uuid, ForeignKey("matter.id")),
    Column("judgment_no", Text),
    Column("judgment_date", Date),
    Column("court", Text, comment="who gave the judgment"),
    Column("kind", Text, nullable=False),
    Column("initiation", Text, nullable=False),
    Column("segment", SmallInteger, nullable=False, server_default="0"),
    Column("account", Text, nullable=False, server_default="new"),
    Column("amount_vnd", BigInteger, nullable=False, server_default="0"),
    Column("outstanding_vnd", BigInteger, nullable=False, server_default="0"),
    Column("accepted_on", Date, nullable=False),
    Column("entered_on", Date, nullable=False, comment="day it last entered the counted stock"),
    Column("left_on", Date, comment="day it left the counted stock; null while in it"),
    Column("steering_matter", Boolean, nullable=False, server_default="false"),
    Column("confidentiality", SmallInteger, nullable=False, server_default="0", comment="class of its matter"),
    Column("last_event_no", SmallInteger, nullable=False, server_default="0"),
    Column("last_effective_on", Date, nullable=False),
    Column("version", BigInteger, nullable=False, server_default="1"),
    recorded_at(),
    Column("anonymised_on", Date, comment="day its parties lost their personal data; null when they have some"),
    Column(
        "is_open",
        Boolean,
        Computed(f"account IN ({_listed(ACCOUNTS_STOCK)})", persisted=True),
        nullable=False,
    ),
    Column(
        "with_conditions",
        Boolean,
        Computed(f"account IN ({_listed(ACCOUNTS_WITH_CONDITIONS)})", persisted=True),
        nullable=False,
    ),
    one_of("kind", CASE_KINDS),
    one_of("initiation", INITIATIONS),
    one_of("account", CASE_STATES),
    CheckConstraint("amount_vnd >= 0 AND outstanding_vnd >= 0 AND outstanding_vnd <= amount_vnd", name="balances"),
    Index("ix_case_unit", "unit_id", "decision_date", "id"),
    Index("ix_case_unit_open", "unit_id", "decision_date", "id", postgresql_where=text("is_open")),
    Index("ix_case_date", "decision_date", "id"),
    Index("ix_case_date_open", "decision_date", "id", postgresql_where=text("is_open")),
    Index(
        "ix_case_high_value",
        "decision_date",
        "id",
        postgresql_where=text(f"is_open AND with_conditions AND amount_vnd >= {HIGH_VALUE_INDEX_FLOOR}"),
    ),
    Index(
        "ix_case_unit_high_value",
        "unit_id",
        "decision_date",
        "id",
        postgresql_where=text(f"is_open AND with_conditions AND amount_vnd >= {HIGH_VALUE_INDEX_FLOOR}"),
    ),
    Index(
        "ix_case_unit_outstanding",
        "unit_id",
        "outstanding_vnd",
        "id",
        # with the last condition no other list takes it for its own and then sorts
        postgresql_where=text("is_open AND with_conditions AND outstanding_vnd > 0"),
    ),
    Index(
        "ix_case_unit_steering", "unit_id", "decision_date", "id", postgresql_where=text("is_open AND steering_matter")
    ),
    Index("ix_case_steering", "decision_date", "id", postgresql_where=text("is_open AND steering_matter")),
    Index("ix_case_officer", "officer_id", "decision_date", "id"),
    Index("ix_case_matter", "matter_id", "decision_date", "id", postgresql_where=text("matter_id IS NOT NULL")),
    Index("ix_case_kind", "kind", "decision_date", "id"),
    Index("ix_case_account", "account", "decision_date", "id"),
    Index("ix_case_amount", "amount_vnd", postgresql_where=text(f"amount_vnd >= {HIGH_VALUE_INDEX_FLOOR}")),
    Index("ix_case_decision_no", "decision_no"),
    Index("ix_case_file_no", "file_no"),
    Index(
        "ix_case_to_anonymise",
        "account",
        "last_effective_on",
        "id",
        postgresql_where=text("left_on IS NOT NULL AND anonymised_on IS NULL"),
    ),
    Index("ix_case_recorded_at", "recorded_at", postgresql_using="brin"),
)

obligation = Table(
    "obligation",
    metadata,
    Column("case_id", Uuid, ForeignKey("enforcement_case.id"), primary_key=True),
    Column("no", SmallInteger, primary_key=True),
    Column("kind", Text, nullable=False),
    money("amount_vnd"),
    Column("description", Text, nullable=False),
    one_of("kind", OBLIGATION_KINDS),
    CheckConstraint("amount_vnd >= 0 AND (kind <> 'non_monetary' OR amount_vnd = 0)", name="amount"),
)

party = Table(
    "party",
    metadata,
    Column("case_id", Uuid, ForeignKey("enforcement_case.id"), primary_key=True),
    Column("no", SmallInteger, primary_key=True),
    Column("role", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("credit_institution", Boolean, nullable=False, server_default="false"),
    Column("name", Text, nullable=False, info=PERSONAL),
    Column("masked_name", Text, nullable=False, comment="what callers without the right to names are shown"),
    Column("search_name", Text, nullable=False, comment="lower case, no diacritics", info=PERSONAL),
    Column("id_number", Text, comment="without blanks", info=PERSONAL),
    Column("address", Text, info=PERSONAL),
    Column("phone", Text, info=PERSONAL),
    Column("institution", Text, comment="code of the credit institution"),
    one_of("role", PARTY_ROLES),
    one_of("kind", PARTY_KINDS),
    Index(
        "ix_party_search_name",
        "search_name",
        postgresql_using="gin",
        postgresql_ops={"search_name": "gin_trgm_ops"},
    ),
    Index("ix_party_id_number", "id_number", "case_id", postgresql_where=text("id_number IS NOT NULL")),
)

case_institution = Table(
    "case_institution",
    metadata,
    Column("institution", Text, primary_key=True),
    Column("decision_date", Date, primary_key=True),
    Column("case_id", Uuid, ForeignKey("enforcement_case.id"), primary_key=True),
    UniqueConstraint("case_id", "institution", name="uq_case_institution_case_id"),
    comment="whose cases a credit institution may see: where it is creditor or debtor",
)
