"""The built-in token endpoint: OAuth 2.0 client credentials (RFC 6749) and token exchange for people (RFC 8693).

Clients prove who they are by a secret or by an assertion they sign (`private_key_jwt`, RFC 7523).

Its errors have the form OAuth clients expect (`error`, `error_description`), not problem+json.
"""

import base64
import binascii
import time
from functools import partial
from typing import Final
from urllib.parse import parse_qsl, unquote_plus

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.api.deps import CLIENT, TOKEN_URL
from app.db import Database
from app.errors import Busy
from app.services.access import SERVICE
from app.services.clients.assertions import KIND as ASSERTION
from app.services.clients.assertions import proof_of
from app.services.clients.commands import use_assertion
from app.services.clients.jwts import InvalidToken
from app.services.clients.login import Login
from app.services.clients.people import acting_for
from app.services.clients.rules import ACT_FOR_PEOPLE
from app.services.clients.tokens import Tokens
from app.services.reference import Client

router: Final = APIRouter(include_in_schema=False)

MAX_FORM: Final = 8 * 1024
EXCHANGE: Final = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN: Final = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - the name of a type
JWT: Final = "urn:ietf:params:oauth:token-type:jwt"
_FORM: Final = "application/x-www-form-urlencoded"
_NO_STORE: Final = {"Cache-Control": "no-store", "Pragma": "no-cache"}


class OAuthError(Exception):
    """An error of the token endpoint: the code of RFC 6749, its status and a fixed explanation."""

    def __init__(self, code: str, description: str, status: int = 400, headers: dict[str, str] | None = None):
        super().__init__(code)
        self.status = status
        self.body = {"error": code, "error_description": description}
        self.headers = headers or {}


@router.post(TOKEN_URL, response_model=None)
async def issue_token(request: Request) -> Response:
    """An access token for a client, or for a client that acts for a person."""
    try:
        answer = await _issue(request)
    except OAuthError as error:
        headers = {**_NO_STORE, **error.headers}
        return Response(orjson.dumps(error.body), error.status, headers, media_type="application/json")
    return Response(orjson.dumps(answer), headers=_NO_STORE, media_type="application/json")


async def _issue(request: Request) -> dict[str, str | int]:
    form = await _form(request)
    signed = "client_assertion" in form or "client_assertion_type" in form
    credentials = _signed_credentials(request, form) if signed else _credentials(request, form)
    grant = _GRANTS.get(form.get("grant_type", ""))
    if grant is None:
        raise OAuthError("unsupported_grant_type", "client_credentials and token exchange are supported")
    try:
        client = await (_signer(request, *credentials) if signed else _knower(request, *credentials))
    except Busy as error:
        raise OAuthError("temporarily_unavailable", "try again later", error.status, error.headers) from None
    if client is None:
        raise _invalid_client()
    request.scope[CLIENT] = client.id
    return await grant(request, form, client)


async def _client_credentials(request: Request, form: dict[str, str], client: Client) -> dict[str, str | int]:
    """RFC 6749, 4.4: the client for itself, with all its scopes or those it asks for."""
    tokens: Tokens = request.app.state.tokens
    scopes = _scopes(form, client.caller.scopes)
    return _granted(tokens.issue(client.id, scopes), tokens.lifetime, scopes)


async def _exchange(request: Request, form: dict[str, str], client: Client) -> dict[str, str | int]:
    """RFC 8693: a client that may act for people exchanges the token of a person for one of ours, no longer lived."""
    tokens: Tokens = request.app.state.tokens
    if ACT_FOR_PEOPLE not in client.caller.scopes:
        raise OAuthError("unauthorized_client", "the client may not act for people")
    _check_exchange(form, tokens)
    try:
        person, ends = await tokens.person_behind(form["subject_token"], client.issuer, client.id)
    except InvalidToken:
        raise _invalid_grant() from None
    caller = acting_for(request.app.state.reference.current, client.caller, client.caller, person)
    seconds = min(tokens.lifetime, int(ends - time.time()))
    if caller is None or seconds <= 0:
        raise _invalid_grant()
    scopes = _scopes(form, caller.scopes)
    answer = _granted(tokens.issue(client.id, scopes, person, seconds), seconds, scopes)
    return {**answer, "issued_token_type": ACCESS_TOKEN}


_GRANTS: Final = {"client_credentials": _client_credentials, EXCHANGE: _exchange}


def _check_exchange(form: dict[str, str], tokens: Tokens) -> None:
    if form.get("subject_token_type") not in (ACCESS_TOKEN, JWT) or not form.get("subject_token"):
        raise OAuthError("invalid_request", "subject_token and its subject_token_type (jwt, access_token) are needed")
    if "actor_token" in form or form.get("requested_token_type", ACCESS_TOKEN) != ACCESS_TOKEN:
        raise OAuthError("invalid_request", "the client is the actor, and an access token is what it gets")
    if any(form.get(name, tokens.audience) != tokens.audience for name in ("audience", "resource")):
        raise OAuthError("invalid_target", "tokens are for this service only")


def _scopes(form: dict[str, str], most: frozenset[str]) -> frozenset[str]:
    asked = frozenset(form.get("scope", "").split())
    if not asked <= most:
        raise OAuthError("invalid_scope", "client or person does not have every scope that is asked for")
    return asked or most


def _granted(token: str, seconds: int, scopes: frozenset[str]) -> dict[str, str | int]:
    return {
        "access_token": token,
        "token_type": "Bearer",
        "expires_in": seconds,
        "scope": " ".join(sorted(scopes)),
    }


async def _knower(request: Request, client_id: str, secret: str) -> Client | None:
    """The client whose secret this is."""
    login: Login = request.app.state.login
    address = request.client.host if request.client else ""
    return await login.check(request.app.state.reference.current, client_id, secret, address)


async def _signer(request: Request, client_id: str, assertion: str) -> Client | None:
    """The client that signed this assertion, which counts once."""
    tokens: Tokens = request.app.state.tokens
    db: Database = request.app.state.db
    try:
        proof = proof_of(assertion, request.app.state.reference.current, {tokens.issuer, tokens.issuer + TOKEN_URL})
    except InvalidToken:
        return None
    if client_id not in ("", proof.client.id):
        return None
    used = partial(use_assertion, client_id=proof.client.id, jti=proof.jti, expires=proof.expires)
    return proof.client if await db.write(SERVICE, used) else None


async def _form(request: Request) -> dict[str, str]:
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != _FORM:
        raise OAuthError("invalid_request", f"the body must be {_FORM}")
    raw = b""
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > MAX_FORM:
            raise OAuthError("invalid_request", "the body is too large", 413, {"Connection": "close"})
    try:
        pairs = parse_qsl(raw.decode(), keep_blank_values=True, strict_parsing=True, errors="strict") if raw else []
    except ValueError:
        raise OAuthError("invalid_request", "the body is not a form in UTF-8") from None
    form = dict(pairs)
    if len(form) != len(pairs):
        raise OAuthError("invalid_request", "a parameter is repeated")
    return form


def _signed_credentials(request: Request, form: dict[str, str]) -> tuple[str, str]:
    """The client id, if named, and the assertion."""
    if "authorization" in request.headers or "client_secret" in form:
        raise OAuthError("invalid_request", "more than one way of authentication")
    if form.get("client_assertion_type") != ASSERTION or not form.get("client_assertion"):
        raise _invalid_client()
    return form.get("client_id", ""), form["client_assertion"]


def _credentials(request: Request, form: dict[str, str]) -> tuple[str, str]:
    headers = request.headers.getlist("authorization")
    if len(headers) > 1 or (headers and "client_secret" in form):
        raise OAuthError("invalid_request", "more than one way of authentication")
    if not headers:
        if not form.get("client_id") or not form.get("client_secret"):
            raise _invalid_client()
        return form["client_id"], form["client_secret"]
    scheme, _, value = headers[0].partition(" ")
    if scheme.lower() != "basic":
        raise _invalid_client()
    try:
        name, colon, secret = base64.b64decode(value.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        raise _invalid_client() from None
    if not colon:
        raise _invalid_client()
    return unquote_plus(name), unquote_plus(secret)


def _invalid_grant() -> OAuthError:
    return OAuthError("invalid_grant", "the subject token does not name a person this client may act for")


def _invalid_client() -> OAuthError:
    challenge = {"WWW-Authenticate": 'Basic realm="thads", charset="UTF-8"'}
    return OAuthError("invalid_client", "unknown client, wrong secret or assertion, or disabled client", 401, challenge)
