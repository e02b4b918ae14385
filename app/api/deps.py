"""What a router function may ask for: the database, the reference data, the caller, the page."""

from typing import Annotated, Any, Final

from fastapi import Depends, Security
from fastapi.openapi.models import OAuth2, OAuthFlowClientCredentials, OAuthFlows
from fastapi.security import SecurityScopes
from fastapi.security.base import SecurityBase
from starlette.requests import Request

from app.api.limits import Limits
from app.api.pagination import Page, Paging
from app.api.problems import Malformed, header_fault
from app.db import NOBODY, Context, Database, SeenBy
from app.errors import DomainError, Forbidden, Unauthorized
from app.services.access import Actor, Caller
from app.services.changes.feed import Feed
from app.services.clients.jwts import InvalidToken
from app.services.clients.people import caller_of
from app.services.clients.rules import SCOPES
from app.services.clients.tokens import Tokens
from app.services.reference import Reference
from app.services.webhooks.dispatcher import Dispatcher

__all__ = ["Db", "Following", "Page", "Paging", "Ref", "Webhooks", "actor", "demand", "requires"]

TOKEN_URL: Final = "/oauth/token"  # noqa: S105 - an address, not a secret
CLIENT: Final = "thads.client"
CONTEXT: Final = "thads.context"
VERIFIED: Final = "thads.verified"
_REALM: Final = 'Bearer realm="thads"'


async def _database(request: Request) -> SeenBy:
    db: Database = request.app.state.db
    scope = request.scope

    def context() -> Context:
        known: Context = scope.get(CONTEXT, NOBODY)
        return known

    return SeenBy(db, context)


async def _reference(request: Request) -> Reference:
    current: Reference = request.app.state.reference.current
    return current


async def _feed(request: Request) -> Feed:
    feed: Feed = request.app.state.feed
    return feed


async def _webhooks(request: Request) -> Dispatcher:
    dispatcher: Dispatcher = request.app.state.webhooks
    return dispatcher


Db = Annotated[SeenBy, Depends(_database)]
"""The database as the caller sees it; before the caller has proved who it is, nobody sees anything."""

Ref = Annotated[Reference, Depends(_reference)]
"""The current snapshot of units, officers, regimes and rules."""

Following = Annotated[Feed, Depends(_feed)]
"""The change feed as this worker follows it."""

Webhooks = Annotated[Dispatcher, Depends(_webhooks)]
"""What delivers webhooks in this worker: it checks addresses, and knows the keys."""


class _Access(SecurityBase):
    """Turns the bearer token into a `Caller` that holds every scope the operation requires."""

    scheme_name = "oauth2"
    model = OAuth2(
        description="OAuth 2.0 client credentials; the token goes into `Authorization: Bearer`.",
        flows=OAuthFlows(clientCredentials=OAuthFlowClientCredentials(tokenUrl=TOKEN_URL, scopes=SCOPES)),
    )

    async def __call__(self, request: Request, required: SecurityScopes) -> Caller:
        limits: Limits = request.app.state.limits
        try:
            caller = await authenticated(request)
        except DomainError:
            limits.stranger(request.scope)
            raise
        limits.client(request.scope, caller.client_id)
        demand(caller, *required.scopes)
        return caller


_access: Final = _Access()


def demand(caller: Caller, *scopes: str) -> None:
    """403 when the caller lacks one of the scopes; for what an operation does beyond the one it requires."""
    if caller.scopes.issuperset(scopes):
        return
    needed = " ".join(scopes)
    raise Forbidden(
        {"en": f"The token lacks the scope {needed}.", "vi": f"Mã truy cập thiếu phạm vi {needed}."},
        headers={"WWW-Authenticate": f'{_REALM}, error="insufficient_scope", scope="{needed}"'},
    )


def requires(scope: str) -> Any:
    """`caller: Annotated[Caller, requires("cases:read")]`: the caller, or 401, or 403 without the scope."""
    if scope not in SCOPES:
        raise ValueError(f"unknown scope {scope}")
    return Security(_access, scopes=[scope])


async def authenticated(request: Request) -> Caller:
    """The client behind the token, and the person it acts for, with what they may do and see at this moment."""
    tokens: Tokens = request.app.state.tokens
    try:
        verified = await tokens.verify_patiently(_bearer(request))
    except InvalidToken:
        raise _invalid_token() from None
    reference: Reference = request.app.state.reference.current
    caller = caller_of(reference, verified)
    if caller is None:
        raise _invalid_token()
    request.scope[CLIENT] = caller.client_id
    request.scope[CONTEXT] = reference.context(caller)
    request.scope[VERIFIED] = verified
    return caller


def renewed(request: Request, caller: Caller) -> Reference:
    """The reference data of this moment, for an answer that takes long; the database sees the caller by them, too.

    401 when what the caller may do or see has changed since it was let in. A token that runs out meanwhile still holds.
    """
    reference: Reference = request.app.state.reference.current
    if caller_of(reference, request.scope[VERIFIED]) != caller:
        raise _invalid_token()
    request.scope[CONTEXT] = reference.context(caller)
    return reference


def _bearer(request: Request) -> str:
    headers: list[tuple[bytes, bytes]] = request.scope["headers"]
    values = [value for name, value in headers if name == b"authorization"]
    if not values:
        raise Unauthorized(headers={"WWW-Authenticate": _REALM})
    if len(values) > 1:
        fault = header_fault("Authorization", "repeated", "must not be repeated", "không được lặp lại")
        raise Malformed(faults=[fault], headers={"WWW-Authenticate": f'{_REALM}, error="invalid_request"'})
    scheme, _, token = values[0].decode("latin-1").partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthorized(headers={"WWW-Authenticate": _REALM})
    return token.strip(" ")


def _invalid_token() -> Unauthorized:
    return Unauthorized(headers={"WWW-Authenticate": f'{_REALM}, error="invalid_token"'})


def actor(request: Request, caller: Caller, reason: str | None = None) -> Actor:
    """Who makes a change, for its trail; `reason` as the caller gave it."""
    return Actor(caller.client_id, request.scope.get("request_id"), reason, person=caller.person)
