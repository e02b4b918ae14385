"""The access token, verified with every request; grants are read again every minute."""

import time
from functools import reduce
from operator import or_

from django.conf import settings
from django.db.models import Q
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from joserfc.jws import JWSRegistry
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission

from peer.models import Client

REFRESH_SECONDS = 60
ALGORITHMS = ["Ed25519"]

_key = OKPKey.import_key(settings.PEER_PUBLIC_KEY.read_bytes())
_registry = JWSRegistry(algorithms=ALGORITHMS)
_claims = jwt.JWTClaimsRegistry(
    iss={"essential": True, "value": settings.PEER_ISSUER},
    aud={"essential": True, "value": settings.PEER_AUDIENCE},
    exp={"essential": True},
)
_paths = {}


class Caller:
    """A client with the scopes of its token and the subtrees granted to it."""

    is_authenticated = True

    def __init__(self, scopes, paths):
        self.scopes = scopes
        self.paths = paths

    def wall(self, field="unit_path"):
        """The rows the caller may see."""
        ranges = (Q(**{f"{field}__gte": p, f"{field}__lt": p[:-1] + "/"}) for p in self.paths)
        return reduce(or_, ranges, Q(pk__in=[]))


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer`."""

    def authenticate(self, request):
        words = get_authorization_header(request).split()
        if len(words) != 2 or words[0].lower() != b"bearer":
            return None
        claims = _claims_of(words[1])
        paths = _paths_of(claims["client_id"])
        if paths is None:
            raise AuthenticationFailed
        return Caller(frozenset(claims["scope"].split()), paths), claims

    def authenticate_header(self, request):
        return "Bearer"


class HasScope(BasePermission):
    """The view's `scope` is one of the token's."""

    def has_permission(self, request, view):
        return request.user is not None and view.scope in request.user.scopes


def _claims_of(token):
    try:
        claims = jwt.decode(token, _key, registry=_registry).claims
        _claims.validate(claims)
    except (JoseError, ValueError) as error:
        raise AuthenticationFailed from error
    return claims


def _paths_of(client_id):
    since, paths = _paths.get(client_id, (0, None))
    if time.monotonic() - since > REFRESH_SECONDS or paths is None:
        grants = Client.objects.filter(pk=client_id, disabled=False, units__isnull=False)
        paths = list(grants.order_by("units__path").values_list("units__path", flat=True)) or None
        _paths[client_id] = (time.monotonic(), paths)
    return paths
