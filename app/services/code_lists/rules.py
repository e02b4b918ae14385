"""Which code lists there are, and the codes each must name."""

from typing import Final

from app.models import codes

SEGMENTS: Final = ("credit_institution", "corruption_economic", "state_budget")
PRIORITY_FLAGS: Final = ("long_running", "high_value", "steering_committee")

LISTS: Final[dict[str, tuple[str, ...]]] = {
    "accounts": codes.ENTRY_ACCOUNTS,
    "administrative-outcomes": codes.ADMINISTRATIVE_OUTCOMES,
    "case-events": codes.EVENTS,
    "case-kinds": codes.CASE_KINDS,
    "case-states": codes.CASE_STATES,
    "entry-sources": codes.SOURCES,
    "indicators": codes.INDICATORS,
    "initiations": codes.INITIATIONS,
    "job-kinds": codes.JOB_KINDS,
    "job-reasons": codes.JOB_REASONS,
    "job-states": codes.JOB_STATES,
    "matter-states": codes.MATTER_STATES,
    "obligation-kinds": codes.OBLIGATION_KINDS,
    "officer-ranks": codes.RANKS,
    "officer-relations": codes.OFFICER_RELATIONS,
    "party-kinds": codes.PARTY_KINDS,
    "party-roles": codes.PARTY_ROLES,
    "period-states": codes.PERIOD_STATES,
    "priority-flags": PRIORITY_FLAGS,
    "retention-classes": codes.RETENTION_CLASSES,
    "segments": SEGMENTS,
    "tracking-levels": codes.TRACKING_LEVELS,
    "unit-levels": codes.LEVELS,
}
"""Code list → its codes, in the order of the list; names sorted, as lists are paged by them."""


def mismatches(texts: dict[str, set[str]]) -> list[str]:
    """`list` or `list/code` of everything that has a code but no texts, or texts but no code."""
    known = {f"{name}/{code}" for name, listed in LISTS.items() for code in listed}
    described = {f"{name}/{code}" for name, listed in texts.items() for code in listed}
    return sorted((known ^ described) | (LISTS.keys() ^ texts.keys()))
