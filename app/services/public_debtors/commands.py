"""Keeping the public list: what the books say is on it, in the transaction that says so.

The law gives 5 working days to publish, 3 to correct and 2 (3 from 2026-07-01) to remove; a list that follows at once
meets all of them. It forbids nothing earlier, so nobody has to approve an entry.
"""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.services.public_debtors.queries import COLUMNS, must_be_listed

_COLUMNS: Final = ", ".join(COLUMNS)
_CASES: Final = "CAST(:cases AS uuid[])"
_KEEP: Final = f"""
    WITH must AS MATERIALIZED ({must_be_listed(f"c.id = ANY({_CASES})")}
    ), gone AS (
        DELETE FROM public_debtor d WHERE d.case_id = ANY({_CASES}) AND d.id NOT IN (SELECT id FROM must)
    )
    INSERT INTO public_debtor AS d ({_COLUMNS}) SELECT {_COLUMNS} FROM must ORDER BY id
    ON CONFLICT (id) DO UPDATE SET ({_COLUMNS}) = ({", ".join(f"EXCLUDED.{name}" for name in COLUMNS)})
    WHERE d IS DISTINCT FROM EXCLUDED"""

REBUILD: Final = (
    "TRUNCATE public_debtor",
    f"INSERT INTO public_debtor ({_COLUMNS}) SELECT {_COLUMNS} FROM ({must_be_listed()}) must",
)
"""Statements that write the whole list anew, of one transaction."""


async def keep_listed(session: AsyncSession, case_ids: Sequence[str]) -> None:
    """Makes the public list right for these cases: entries appear, change and vanish.

    Everything that may change who is listed, or with what, ends here: events and corrections through the books, a
    new confidentiality class, the end of a party's personal data. The caller holds the row locks of the cases.
    """
    if case_ids:
        await session.execute(text(_KEEP), {"cases": list(case_ids)})
