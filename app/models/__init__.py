"""The tables, one family per file; importing this package knows them all."""

from app.models import (
    books,
    cases,
    clients,
    journal,
    organisation,
    privacy,
    public_list,
    reports,
    rules,
    webhooks,
)
from app.models.base import metadata

__all__ = [
    "books", "cases", "clients", "journal", "metadata", "organisation", "privacy", "public_list", "reports", "rules",
    "webhooks",
]  # fmt: skip
