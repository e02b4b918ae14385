"""The closed lists of codes that tables check and the books are kept in. Labels live in the code lists."""

from typing import Final

LEVELS: Final = ("national", "provincial", "district", "regional")
RANKS: Final = ("primary", "intermediate", "senior", "verifier", "clerk")
TRACKING_LEVELS: Final = ("central", "provincial")
MATTER_STATES: Final = ("not_accepted", "enforcing", "assets_exhausted", "done")
CASE_KINDS: Final = (
    "civil", "criminal", "administrative", "family", "commercial", "labour", "bankruptcy", "arbitration",
    "other",
)  # fmt: skip
INITIATIONS: Final = ("ex_officio", "on_request")
PARTY_ROLES: Final = ("creditor", "debtor", "related")
PARTY_KINDS: Final = ("individual", "organisation")
OBLIGATION_KINDS: Final = ("money_state_budget", "money_party", "non_monetary")
INDICATORS_BY_RATE: Final = ("cases_rate", "money_rate")
INDICATORS_BY_NUMBER: Final = ("cases_done", "money_collected")
INDICATORS: Final = (
    *INDICATORS_BY_RATE, "administrative_rate", "credit_cases_rate", "credit_money_rate", *INDICATORS_BY_NUMBER,
)  # fmt: skip
# Why an administrative judgment is no longer tracked.
ADMINISTRATIVE_OUTCOMES: Final = ("enforced", "terminated")
PERIOD_STATES: Final = ("open", "closed", "frozen")

# Bits of a case's segment: what reports cut by. A case may carry several.
SEGMENT_CREDIT: Final = 1  # a credit institution is creditor
SEGMENT_CORRUPTION: Final = 2  # a corruption or economic matter
SEGMENT_BUDGET: Final = 4  # money owed to the State budget
ALL_SEGMENTS: Final = 8  # combinations of the bits

# Accounts of the books. Each event moves a case, its money or both from one to another.
ACCOUNTS_IN: Final = ("accepted", "raised", "register_back", "handed_in")
ACCOUNTS_WITH_CONDITIONS: Final = ("enforcing", "deferred_by_agreement", "other")
ACCOUNTS_STOCK: Final = (*ACCOUNTS_WITH_CONDITIONS, "no_conditions", "deferred", "suspended")
ACCOUNTS_DONE: Final = ("completed", "terminated", "reduced", "returned")
# Stock carried over (lowers A1) and stock taken in this year (lowers A2) go to the separate register apart.
ACCOUNTS_REGISTER: Final = ("register_carried", "register_new")
ACCOUNTS_OUT: Final = ("entrusted", "withdrawn", "pulled_up", *ACCOUNTS_REGISTER, "handed_out")
# Cases in the separate register change hands outside the counted stock: register_moved ↔ elsewhere.
ACCOUNTS_MEMO: Final = ("register_moved",)
ACCOUNTS: Final = (*ACCOUNTS_IN, *ACCOUNTS_STOCK, *ACCOUNTS_DONE, *ACCOUNTS_OUT, *ACCOUNTS_MEMO)
ENTRY_ACCOUNTS: Final = (*ACCOUNTS, "elsewhere")

# Where the one unit of a case sits now. "new" only lives inside the transaction that accepts the case.
CASE_STATES: Final = (
    "new", *ACCOUNTS_STOCK, "completed", "terminated", "returned", "entrusted", "withdrawn", "pulled_up",
    "register",
)  # fmt: skip

EVENTS: Final = (
    "accepted", "amount_raised", "collected", "completed", "reduced", "conditions_lost", "conditions_found",
    "moved_to_other", "deferred_by_agreement", "deferred", "suspended", "continued", "terminated",
    "terminated_in_part", "entrusted", "entrusted_in_part", "struck_off", "withdrawn", "pulled_up",
    "to_separate_register", "back_from_register", "request_returned", "handed_over", "officer_changed",
    "reclassified", "reversed",
)  # fmt: skip
SOURCES: Final = ("person", "partner", "plan")

# Whose cases an officer may not handle, besides the officer's own.
OFFICER_RELATIONS: Final = (
    "self", "spouse", "child", "parent", "grandparent", "uncle_aunt", "sibling", "spouse_parent", "spouse_grandparent",
    "spouse_uncle_aunt", "spouse_sibling", "grandchild", "nephew_niece",
)  # fmt: skip
RETENTION_CLASSES: Final = ("case_ended", "case_moved", "relation_ended")

JOB_KINDS: Final = ("import_cases", "import_events", "export_list")
JOB_REASONS: Final = ("upload_broke_off", "upload_refused", "not_allowed", "refused", "defect")
JOB_STATES: Final = ("receiving", "waiting", "running", "done", "cancelled", "incomplete", "failed")
