"""What holds for webhooks: which addresses may be called, when it is tried again, and what an event says."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any, Final
from uuid import UUID

from app.services.access import Caller
from app.services.changes.rules import Place, View
from app.services.clients.rules import common_paths

SCOPE: Final = "webhooks:write"
MOST: Final = 10
"""Subscriptions of one client, so that nobody takes all the turns."""

PORTS: Final = (443, 8443)
SCHEDULE: Final = (1, 60, 360, 1_440, 3_600, 7_200, 10_080, 14_400, 17_280)
"""Waits between the attempts to deliver an event, in multiples of the first one, which is 5 seconds: 5 s, 5 min,
30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h. After three days and three hours the event is given up."""

JITTER: Final = 0.25
"""Waits are up to so much longer, so that what failed together does not come back together."""

LONGEST_WAIT: Final = 86_400
"""Seconds a receiver may ask for in `Retry-After`."""

GONE: Final = 410
SLOW_DOWN: Final = (429, 503)

TEST: Final = "vn.thads.webhook.test"
RESET: Final = "vn.thads.webhook.reset"

# Global unicast is 2000::/3; 6to4 and Teredo would carry the request on to an IPv4 address that nobody has checked.
_GLOBAL: Final = IPv6Network("2000::/3")
_TUNNELS: Final = (IPv6Network("2002::/16"), IPv6Network("2001::/32"))
# public, but the cloud of the host itself; set aside for protocols, as older Pythons do not know; relays of 6to4
_SPECIAL: Final = (IPv4Network("168.63.129.16/32"), IPv4Network("192.0.0.0/24"), IPv4Network("192.88.99.0/24"))
_EVENT: Final = re.compile(r"msg_([0-9a-f]{32})_([0-9a-f]{1,14})_([1-9][0-9]{0,15})", re.ASCII)


@dataclass(frozen=True, slots=True)
class NewWebhook:
    """What a client asks for; without a unit all it may see."""

    url: str
    kinds: tuple[str, ...]
    unit_id: str | None = None
    description: str | None = None
    signature: str = "v1a"


@dataclass(frozen=True, slots=True)
class Event:
    """One request: its id, the same at every attempt, its type, and the CloudEvent that is sent."""

    id: str
    type: str
    content: Mapping[str, Any]


def is_public(address: str) -> bool:
    """Whether a numeric address is one of the internet: no network, host or cloud of our own, and no way into one."""
    found = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    if isinstance(found, IPv4Address):
        return found.is_global and not (found.is_multicast or found.is_reserved or _within(found, _SPECIAL))
    return found in _GLOBAL and found.is_global and not _within(found, _TUNNELS)


def _within(address: Any, networks: tuple[Any, ...]) -> bool:
    return any(address in network for network in networks)


def followed(caller: Caller, kinds: tuple[str, ...], unit_path: str | None) -> View:
    """What a subscription is sent, as the client's scopes and grants are now."""
    view = View.of(caller, kinds)
    return view if unit_path is None else replace(view, paths=common_paths(caller.paths, unit_path))


def wait_after(failed: int, first: float, asked: float | None, luck: float) -> float | None:
    """Seconds to the next attempt after so many that failed; None when there is none any more.

    `first` is the wait after the first, `asked` what the receiver asked for, `luck` lies between 0 and 1.
    """
    if failed > len(SCHEDULE):
        return None
    wait = first * SCHEDULE[failed - 1] * (1 + JITTER * luck)
    return wait if asked is None else max(wait, min(asked, LONGEST_WAIT))


def asked_wait(status: int, header: str | None, now: datetime) -> float | None:
    """The seconds in a `Retry-After` of a receiver that is too busy, as a number or as a date; None without."""
    if status not in SLOW_DOWN or header is None:
        return None
    if header.isascii() and header.isdigit():
        return float(header[:9])
    try:
        until = parsedate_to_datetime(header)
    except ValueError:
        return None
    return max(0.0, (until.replace(tzinfo=until.tzinfo or UTC) - now).total_seconds())


def event_id(webhook_id: str, place: Place) -> str:
    """The id of the change at a place, as this subscription is told of it."""
    return f"msg_{UUID(webhook_id).hex}_{place.mark:x}_{place.position}"


def place_of(webhook_id: str, event: str) -> Place | None:
    """The place an event id of this subscription names; None for others."""
    found = _EVENT.fullmatch(event)
    if found is None or found[1] != UUID(webhook_id).hex:
        return None
    return Place(int(found[2], 16), int(found[3]))


def mark_of(lineages: Sequence[tuple[int, int]], position: int) -> int:
    """The lineage that numbered a position, of marks with their first positions, newest first; 0 without any."""
    return next((mark for mark, since in lineages if since <= position), 0)


def change_event(source: str, webhook_id: str, mark: int, change: Mapping[str, Any]) -> Event:
    """A change of the feed (an item of `app.services.changes.queries.Page`) as it is sent: ids, and no content."""
    data = {name: value for name, value in change.items() if name != "current"}
    event = event_id(webhook_id, Place(mark, change["position"]))
    kind = f"vn.thads.{change['kind']}.{change['change']}"
    return _event(source, event, kind, change["recorded_at"], data, subject=f"{change['kind']}/{change['id']}")


def ping_event(source: str, webhook_id: str, test_id: str) -> Event:
    """The event that only shows that it arrives."""
    event = f"msg_{UUID(webhook_id).hex}_test_{UUID(test_id).hex}"
    return _event(source, event, TEST, _now(), {}, subject=f"webhook/{webhook_id}")


def reset_event(source: str, webhook_id: str, notice: str, notice_id: str) -> Event:
    """The event that says that changes were missed, or that others are seen now: take a new snapshot."""
    event = f"msg_{UUID(webhook_id).hex}_reset_{UUID(notice_id).hex}"
    data = {"reason": notice, "snapshot": "/v1/snapshots/cases"}
    return _event(source, event, RESET, _now(), data, subject=f"webhook/{webhook_id}")


def _event(source: str, event: str, kind: str, time: str, data: Mapping[str, Any], *, subject: str) -> Event:
    about = {"specversion": "1.0", "id": event, "source": source, "type": kind, "subject": subject, "time": time}
    return Event(event, kind, {**about, "datacontenttype": "application/json", "data": data})


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")
