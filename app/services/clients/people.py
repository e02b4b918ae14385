"""Who a verified token lets in, as of now: the client, narrowed to the person it acts for."""

from dataclasses import replace

from app.services.access import Caller, Person
from app.services.clients.rules import ACT_FOR_PEOPLE, ROLES, common_paths
from app.services.clients.tokens import Claimed, Verified
from app.services.reference import Reference


def caller_of(reference: Reference, verified: Verified) -> Caller | None:
    """What the caller may do and see at this moment; None when client, unit or role are not (or no longer) known.

    A token of an outside issuer speaks only for clients that were registered with that issuer.
    """
    client = reference.clients.get(verified.client_id)
    if client is None or client.disabled or verified.outside not in (None, client.issuer):
        return None
    caller = replace(client.caller, scopes=verified.scopes & client.caller.scopes)
    if verified.person is None:
        return caller
    return acting_for(reference, client.caller, caller, verified.person)


def acting_for(reference: Reference, client: Caller, caller: Caller, person: Claimed) -> Caller | None:
    """`caller` narrowed to what both the client and the person may do and see; None when there is no such person."""
    role, unit = ROLES.get(person.role), reference.unit_of_code(person.unit)
    if ACT_FOR_PEOPLE not in client.scopes or role is None or unit is None:
        return None
    paths = common_paths(caller.paths, unit.path)
    if not paths:
        return None
    return replace(
        caller,
        scopes=caller.scopes & role.scopes,
        paths=paths,
        clearance=min(caller.clearance, role.clearance),
        person=Person(person.id, unit.id, person.role),
    )
