"""Seeing personal data, or searching by them: it goes on record in the transaction that reads, or nothing is shown."""

import json
from datetime import date
from typing import Final

from app.db import Row, Within
from app.errors import NotFound
from app.services import journal
from app.services.cases.views import CaseView, case_on
from app.services.parties import rules
from app.services.parties.queries import NumberSearch, cases_of_number
from app.services.work import Work

SEARCH: Final = "party_search"
"""The subject of the record of a search by identity number; its id is the digest of the number."""


async def unmasked_case(work: Work, case_id: str, on: date, purpose: str) -> CaseView:
    """The case on a day with its parties in full. Raises NotFound; then nothing was shown and nothing is on record."""
    scope = work.ref.scope(work.caller, None)
    view = await case_on(Within(work.session), scope, work.ref, case_id, on, unmasked=True)
    if view is None:
        raise NotFound
    await journal.seen(
        work.session,
        subject="case",
        subject_id=case_id,
        unit_id=view.unit_id,
        actor=work.actor,
        purpose=purpose,
        shown={"parties": rules.shown(json.loads(view.parties))},
    )
    return view


async def search_by_number(work: Work, wanted: NumberSearch, digest: str, purpose: str) -> list[Row]:
    """Rows of `cases_of_number`; how many were found is on record, and `digest` in place of the number.

    The record belongs to the unit of the person the caller acts for; without a person to the nation.
    """
    found = await cases_of_number(Within(work.session), work.ref.scope(work.caller, None), wanted)
    await journal.seen(
        work.session,
        subject=SEARCH,
        subject_id=digest,
        unit_id=work.caller.person.unit_id if work.caller.person else None,
        actor=work.actor,
        purpose=purpose,
        shown={"cases": min(len(found), wanted.limit), "more": len(found) > wanted.limit},
    )
    return found
