"""The built-in token endpoint: OAuth 2.0 client credentials (RFC 6749 section 4.4).

Its errors have the form OAuth clients expect (`error`, `error_description`), not problem+json.
"""

import base64
import binascii
from typing import Final
from urllib.parse import parse_qsl, unquote_plus

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.api.deps import CLIENT, TOKEN_URL
from app.errors import Busy
from app.services.clients.login import Login
from app.services.clients.tokens import Tokens
from app.services.reference import Reference

router: Final = APIRouter(include_in_schema=False)

MAX_FORM: Final = 8 * 1024
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
    """An access token for a client that knows its secret, with all its scopes or those it asks for."""
    try:
        answer = await _issue(request)
    except OAuthError as error:
        headers = {**_NO_STORE, **error.headers}
        return Response(orjson.dumps(error.body), error.status, headers, media_type="application/json")
    return Response(orjson.dumps(answer), headers=_NO_STORE, media_type="application/json")


async def _issue(request: Request) -> dict[str, str | int]:
    form = await _form(request)
    client_id, secret = _credentials(request, form)
    if form.get("grant_type") != "client_credentials":
        raise OAuthError("unsupported_grant_type", "only client_credentials is supported")
    login: Login = request.app.state.login
    reference: Reference = request.app.state.reference.current
    address = request.client.host if request.client else ""
    try:
        client = await login.check(reference, client_id, secret, address)
    except Busy as error:
        raise OAuthError("temporarily_unavailable", "try again later", error.status, error.headers) from None
    if client is None:
        raise _invalid_client()
    request.scope[CLIENT] = client.id
    asked = frozenset(form.get("scope", "").split())
    if not asked <= client.caller.scopes:
        raise OAuthError("invalid_scope", "the client does not have every scope it asks for")
    scopes = asked or client.caller.scopes
    tokens: Tokens = request.app.state.tokens
    return {
        "access_token": tokens.issue(client.id, scopes),
        "token_type": "Bearer",
        "expires_in": tokens.lifetime,
        "scope": " ".join(sorted(scopes)),
    }


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


def _invalid_client() -> OAuthError:
    challenge = {"WWW-Authenticate": 'Basic realm="thads", charset="UTF-8"'}
    return OAuthError("invalid_client", "unknown client, wrong secret or disabled client", 401, challenge)
