"""Lists asked for where no request is: by a job, page by page, for a caller who need not wait (decision 29)."""

from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Final, cast

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Scope

from app.api.deps import CLIENT, CONTEXT
from app.api.direct import Direct
from app.api.exports import Collection, check_parameters, is_list
from app.api.index import OPERATION, Operation, RouteIndex
from app.api.pagination import Page
from app.api.query import query_pairs
from app.services.access import Caller
from app.services.reference import Reference

# what the first page is asked with besides the token, so that a refusal is in the language of the caller
_PASSED_ON: Final = (b"authorization", b"accept-language")
_PREFIX: Final = "/v1"


@dataclass(frozen=True, slots=True)
class Listing:
    """A list of this service: its path, the query string of its filters, and the operation behind it."""

    app: FastAPI
    path: str
    query: str
    operation: Operation
    direct: Direct
    parameters: dict[str, str]

    @classmethod
    def find(cls, app: FastAPI, path: str, query: str) -> "Listing | None":
        """The list at a path; None where there is none."""
        index: RouteIndex = app.state.index
        found = index.find(path)
        operation = found[0].operations.get("GET") if found else None
        if found is None or operation is None or operation.direct is None or not operation.guarded:
            return None
        endpoint = operation.context.endpoint
        if endpoint is None or not is_list(endpoint):
            return None
        return cls(app, path, query, operation, operation.direct, found[1])

    @property
    def scope(self) -> str:
        """The scope the list requires."""
        dependencies = self.operation.context.dependant.dependencies
        return str(next(sub.own_oauth_scopes[0] for sub in dependencies if sub.own_oauth_scopes))

    @property
    def collection(self) -> Collection:
        """What its items are and what it is called."""
        model = cast("dict[str, Any]", self.operation.context.responses[200])["model"]
        values = (value for _, value in query_pairs(self._asked(self.query)))
        return Collection(self.operation.template.removeprefix(_PREFIX), model).asking(values)

    async def refused(self, request: Request) -> Response | None:
        """What the list answers to whoever sends this request, by its first page; None when it lets them read.

        Raises Invalid when the query holds what is about pages.
        """
        scope = self._asked(f"{self.query}&limit=1" if self.query else "limit=1")
        check_parameters(Request(self._asked(self.query)))
        headers = [(name, value) for name, value in request.scope["headers"] if name in _PASSED_ON]
        known = {name: request.scope.get(name) for name in ("request_id", "client", "server", "state")}
        answer = _Kept()
        async with AsyncExitStack() as stack:
            whole = {**scope, **known, "headers": headers, _STACK: stack, _HANDLERS: (self.app.exception_handlers, {})}
            await self.operation.app(whole, request.receive, answer.send)
        return answer.response() if answer.status >= 400 else None

    async def page(self, reference: Reference, caller: Caller, page: Page) -> Response:
        """A page of it as this caller sees it at this moment."""
        scope = {**self._asked(self.query), CLIENT: caller.client_id, CONTEXT: reference.context(caller)}
        request = Request(scope)
        prepared = self.direct.prepared(request)
        if prepared is None:
            raise RuntimeError(f"{self.path}: what was valid is no longer")
        return await self.direct.answer(prepared, {"caller": caller, "page": page})

    def _asked(self, query: str) -> Scope:
        return {
            "type": "http",
            "http_version": "1.1",
            "method": "GET",
            "scheme": "https",
            "path": self.path,
            "raw_path": self.path.encode(),
            "root_path": "",
            "query_string": query.encode(),
            "headers": [],
            "path_params": self.parameters,
            "app": self.app,
            OPERATION: self.operation,
        }


# where FastAPI and Starlette look for what their middleware, which is not passed here, would have put there
_STACK: Final = "fastapi_middleware_astack"
_HANDLERS: Final = "starlette.exception_handlers"


class _Kept:
    """An answer that is not sent."""

    def __init__(self) -> None:
        self.status = 0
        self._headers: list[tuple[bytes, bytes]] = []
        self._body = b""

    async def send(self, message: Message) -> None:
        """Keeps a part of it."""
        if message["type"] == "http.response.start":
            self.status, self._headers = message["status"], message["headers"]
        else:
            self._body += message.get("body", b"")

    def response(self) -> Response:
        """The same answer, to be sent by another operation."""
        answer = Response(self._body, self.status)
        answer.raw_headers = [(name, value) for name, value in self._headers]
        return answer
