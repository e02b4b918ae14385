"""The tables, one family per file; importing this package knows them all."""

from app.models import (
    administrative,
    books,
    cases,
    clients,
    jobs,
    journal,
    organisation,
    privacy,
    public_list,
    reports,
    rules,
    sync,
    webhooks,
)
from app.models.base import metadata

__all__ = [
    "administrative",
    "books",
    "cases",
    "clients",
    "jobs",
    "journal",
    "metadata",
    "organisation",
    "privacy",
    "public_list",
    "reports",
    "rules",
    "sync",
    "webhooks",
]
