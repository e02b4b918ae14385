"""Reading the feed. Every page starts from what the caller may see; positions it may not see are passed over."""

from dataclasses import dataclass
from typing import Any, Final

import orjson

from app.db import Reads
from app.services.access import recorded_wall
from app.services.changes.rules import Place, View

# One page looks at so many positions at most, whatever the caller may see of them: bounded work for narrow views.
SCANNED: Final = 20_000


@dataclass(frozen=True, slots=True)
class Page:
    """Changes in order of position as a JSON array of `app.api.v1.schemas.changes.ChangeOut`, and how many they are.

    Up to the place `upto` there are no others; `more` tells whether the feed goes on there.
    """

    items: str
    number: int
    upto: Place
    more: bool

    def changes(self) -> list[dict[str, Any]]:
        """The items."""
        found: list[dict[str, Any]] = orjson.loads(self.items)
        return found


NONE: Final = "[]"


@dataclass(frozen=True, slots=True)
class Head:
    """How far the feed goes; `waiting` when changes were committed that have no position yet."""

    place: Place
    waiting: bool


# A change is seen by who sees the thing after it, and by who saw it before. The columns are given the names the wall
# knows. What has no unit holds for the whole nation, and everybody may see it; of such things only rules are told.
_NOW: Final = "(SELECT c.unit_path, c.confidentiality, c.institutions) n"
_WAS: Final = """(SELECT c.was_unit_path AS unit_path, c.was_confidentiality AS confidentiality,
        c.was_institutions AS institutions) w"""

# A place is lost when what comes after it was deleted, or when the lineage it belongs to ended before it: another
# server went on from an earlier position.
_LOST: Final = """(%(after)s::bigint > h.position OR %(after)s::bigint < h.forgotten OR NOT EXISTS (
        SELECT FROM change_lineage o WHERE o.mark = %(mark)s::bigint AND NOT EXISTS (
            SELECT FROM change_lineage s WHERE s.no > o.no AND s.since <= %(after)s::bigint)))"""
_MARK: Final = "(SELECT l.mark FROM change_lineage l ORDER BY l.no DESC LIMIT 1)"
# changes of transactions that were not over when the last round of numbering looked
_UNNUMBERED: Final = "c.position IS NULL AND (c.transaction_id >= h.seen_below OR c.transaction_id = ANY (h.running))"
_WAITING: Final = f"EXISTS (SELECT FROM change_record c WHERE {_UNNUMBERED})"


async def read_head(db: Reads) -> Head:
    """Where the feed ends now."""
    row = await db.fetch_one(f"SELECT coalesce({_MARK}, 0), h.position, {_WAITING} FROM change_head h")
    mark, position, waiting = row or (0, 0, False)
    return Head(Place(mark, position), waiting)


async def read_page(db: Reads, view: View, after: Place | None, limit: int) -> Page | None:
    """At most `limit` changes after a place, or from the oldest kept; None when the place is lost.

    It is lost when changes after it were deleted for their age, or when it was given out by a server whose last
    changes did not survive a restore or a failover.
    """
    parameters: dict[str, Any] = {
        **view.scope.wall(),
        "kinds": list(view.kinds),
        "client": view.client_id,
        "limit": limit,
        "scanned": SCANNED,
    }
    if after is not None:
        parameters |= {"mark": after.mark, "after": after.position}
    row = await db.fetch_one(page_sql(view, resumed=after is not None), parameters)
    if row is None or row[3]:
        return None
    end, start, mark, _, items, number, last = row
    upto = last if number == limit else min(end, start + SCANNED)
    return Page(items, number, Place(mark, upto), upto < end)


async def is_lost(db: Reads, place: Place) -> bool:
    """Whether changes after a place are gone, or were never those that the place was given out with."""
    row = await db.fetch_one(f"SELECT {_LOST} FROM change_head h", {"mark": place.mark, "after": place.position})
    return row is None or bool(row[0])


async def changed_after(db: Reads, view: View, place: Place) -> set[str]:
    """Paths of units whose cases changed after a place, before or after the change; also those not numbered yet.

    Only of changes that the view is told of; a case that has left it leads to a unit that it may not see.
    """
    here, before = recorded_wall("n", view.scope), recorded_wall("w", view.scope)
    arms = " UNION ALL ".join(
        f"SELECT c.* FROM change_head h JOIN change_record c ON {these} AND c.subject = 'case'"
        for these in ("c.position > %(after)s::bigint AND c.position <= h.position", _UNNUMBERED)
    )
    sql = f"""SELECT DISTINCT unnest(ARRAY[c.unit_path, c.was_unit_path])
        FROM ({arms}) c CROSS JOIN LATERAL {_NOW} CROSS JOIN LATERAL {_WAS} WHERE ({here}) OR ({before})"""
    return {path for (path,) in await db.fetch(sql, {**view.scope.wall(), "after": place.position}) if path}


# A page is one text that the database puts together: of a thousand rows, sending, loading and writing each took three
# times as long as reading them. Kinds, ids and actions are codes and UUIDs, which JSON has no other form of.
_ITEM: Final = """
    '{"position":' || c.position || ',"change":"'
        || CASE WHEN NOT here THEN 'left' WHEN c.action = 'deleted' THEN c.action ELSE 'upsert' END
        || '","kind":"' || c.subject || '","id":"' || c.subject_id || '","version":' || c.version
        || ',"action":"' || c.action || '","recorded_at":"' || to_char(c.recorded_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
        || '","own":' || (c.client_id IS NOT DISTINCT FROM %(client)s)::text || ',"current":null}'"""


def page_sql(view: View, *, resumed: bool) -> str:
    """A row of the end of the feed, the start, the lineage, whether the place is lost, the items, how many, the last.

    One statement sees everything as of the same moment.
    """
    here, before = recorded_wall("n", view.scope), recorded_wall("w", view.scope)
    others = "AND c.client_id IS DISTINCT FROM %(client)s" if view.others_only else ""
    here = f"({here} OR c.unit_path IS NULL AND c.subject = 'priority_rule')"
    start = "%(after)s::bigint" if resumed else "(SELECT forgotten FROM change_head)"
    lost = _LOST if resumed else "false"
    return f"""
        SELECT h.position, {start}, coalesce({_MARK}, 0), {lost}, i.items, i.number, i.last
        FROM change_head h CROSS JOIN (
            SELECT '[' || coalesce(string_agg({_ITEM}, ',' ORDER BY c.position), '') || ']' AS items,
                count(*) AS number, max(c.position) AS last
            FROM (
                SELECT c.*, {here} AS here
                FROM change_record c CROSS JOIN LATERAL {_NOW} CROSS JOIN LATERAL {_WAS}
                WHERE c.position > {start} AND c.position <= {start} + %(scanned)s
                    AND c.subject = ANY (%(kinds)s) AND ({here} OR ({before})) {others}
                ORDER BY c.position LIMIT %(limit)s
            ) c
        ) i"""
