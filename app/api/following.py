"""The cursor of the change feed: a place in it, bound to the caller, to the kinds asked for and to what it may see."""

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlencode

from starlette.requests import Request

from app.api.pagination import Listed, make_cursor, read_cursor
from app.api.problems import ChangesLost, CursorExpired, ViewChanged
from app.errors import Forbidden
from app.services.access import Caller
from app.services.changes.rules import SCOPE_OF, Place, View

CHANGES: Final = "/v1/changes"
_SNAPSHOT: Final = {"snapshot": "/v1/snapshots/cases"}


def view_of(caller: Caller, kinds: Sequence[str] | None) -> View:
    """What the caller follows; 403 when a kind it asks for, or all of them, are not for it to read."""
    view = View.of(caller, kinds)
    missing = [SCOPE_OF[kind] for kind in kinds or () if kind not in view.kinds]
    if missing or not view.kinds:
        needed = " ".join(sorted(missing or SCOPE_OF.values()))
        raise Forbidden({"en": f"The token lacks the scope {needed}.", "vi": f"Mã truy cập thiếu phạm vi {needed}."})
    return view


def resumed(request: Request, caller: Caller, view: View, kinds: Sequence[str] | None, cursor: str) -> Place:
    """The place a cursor names. 400 when it is none of this feed, 410 when the caller must take a new snapshot."""
    try:
        mark, position, digest = read_cursor(request, caller, cursor, _feed_of(kinds))
    except CursorExpired:
        raise CursorExpired(extra=_SNAPSHOT) from None
    if digest != view.digest:
        raise ViewChanged(extra=_SNAPSHOT)
    return Place(mark, position)


def cursor_at(request: Request, caller: Caller, view: View, kinds: Sequence[str] | None, place: Place) -> str:
    """The cursor that goes on after a place."""
    return make_cursor(request, caller, (place.mark, place.position, view.digest), _feed_of(kinds))


def address(cursor: str, kinds: Sequence[str] | None, **more: Any) -> str:
    """Where the changes after a cursor are read."""
    return f"{CHANGES}?{urlencode([*_feed_of(kinds).filters, *more.items(), ('cursor', cursor)])}"


def lost() -> ChangesLost:
    """The refusal of a place whose changes are gone."""
    return ChangesLost(extra=_SNAPSHOT)


def _feed_of(kinds: Sequence[str] | None) -> Listed:
    return Listed(CHANGES, [("kinds", kind) for kind in sorted(set(kinds or ()))])
