"""The public list of debtors without conditions (danh sách người phải thi hành án chưa có điều kiện thi hành)."""

from sqlalchemy import BigInteger, Column, Date, ForeignKey, Index, Table, Text, Uuid

from app.models.base import metadata

public_debtor = Table(
    "public_debtor",
    metadata,
    Column("id", Uuid, primary_key=True, comment="made of case and party: the same after every rebuild"),
    Column("case_id", Uuid, ForeignKey("enforcement_case.id"), nullable=False),
    Column("unit_id", Uuid, nullable=False),
    Column("name", Text, nullable=False),
    Column("search_name", Text, nullable=False, comment="lower case, no diacritics"),
    Column("address", Text),
    Column("judgment_no", Text),
    Column("judgment_date", Date),
    Column("court", Text),
    Column("decision_no", Text, comment="decision that there are no conditions"),
    Column("decision_date", Date, nullable=False),
    Column("obligation", Text, nullable=False),
    Column("outstanding_vnd", BigInteger, nullable=False),
    Column("reason", Text),
    Column("published_on", Date, nullable=False, comment="day in Vietnam on which the decision was recorded"),
    Column("due_on", Date, comment="last lawful day of publishing; null: outside the years of the calendar"),
    Index("ix_public_debtor_case_id", "case_id"),
    Index("ix_public_debtor_published_on", "published_on", "id"),
    Index("ix_public_debtor_unit_id", "unit_id", "published_on", "id"),
    Index("ix_public_debtor_decision_no", "decision_no", "published_on", "id"),
    Index(
        "ix_public_debtor_search_name",
        "search_name",
        postgresql_using="gin",
        postgresql_ops={"search_name": "gin_trgm_ops"},
    ),
    comment="kept in the transaction of the books; one row per debtor of a case without conditions",
)
