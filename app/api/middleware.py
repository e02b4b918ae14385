"""What every request passes first and every answer last: one pure ASGI layer, cheap because it is on every path.

It names the request, refuses what no operation can use, finds the operation, and on the way out adds the common
headers, counts and logs.
"""

import asyncio
import re
from time import perf_counter
from typing import Any, Final
from urllib.parse import unquote_to_bytes
from uuid import uuid4

import structlog
from prometheus_client import Histogram
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.accept import ACCEPTED, accepted
from app.api.body import RAW_BODY
from app.api.deps import CLIENT
from app.api.index import OPERATION, Operation, RouteIndex
from app.api.limits import QUOTA, Limits
from app.api.openapi import API_VERSION
from app.api.problems import (
    AddressTooLong,
    HeadersTooLarge,
    InternalError,
    Malformed,
    MethodNotAllowed,
    NotAcceptable,
    problem,
)
from app.api.streaming import HEAD_ONLY
from app.errors import DomainError, NotFound

MAX_ADDRESS: Final = 8 * 1024
MAX_HEADERS: Final = 100
MAX_HEADER: Final = 8 * 1024
MAX_HEADER_BYTES: Final = 16 * 1024
CLIENT_GONE: Final = 499
MAX_LOGGED_PATH: Final = 256
WATCH_AFTER_SECONDS: Final = 1.0
QUIET: Final = frozenset({"/livez", "/readyz", "/metrics"})

COMMON_HEADERS: Final = [
    (b"api-version", API_VERSION.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"strict-transport-security", b"max-age=31536000; includeSubDomains"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
]
# where the operation says nothing else
DEFAULT_HEADERS: Final = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
_CONTROL: Final = re.compile(rb"[\x00-\x20\x7f]|%[01][0-9a-fA-F]|%7[fF]")
_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15)
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

_seconds: Final = Histogram(
    "thads_http_request_seconds",
    "Time from the first byte of a request to the last of its answer",
    ("method", "route", "status"),
    buckets=_BUCKETS,
)
_series: Final[dict[tuple[str, str, int], Any]] = {}
_log: Final = structlog.get_logger("access")
_defects: Final = structlog.get_logger("defect")


class Edge:
    """The outermost layer around FastAPI's own."""

    def __init__(self, app: ASGIApp, index: RouteIndex, limits: Limits) -> None:
        self.app = app
        self.index = index
        self.limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await _not_http(self.app, scope, receive, send)
            return
        exchange = _Exchange(scope, send)
        try:
            check(scope)
            response = self._prepare(exchange)
            if response is None:
                await self._run(exchange, receive)
            else:
                await response(scope, receive, exchange.send)
        except DomainError as error:
            await problem(scope, error)(scope, receive, exchange.send)
        except ClientDisconnect:
            exchange.status = CLIENT_GONE
        except Exception:
            _defects.exception("request failed", request_id=exchange.request_id)
            if exchange.started:
                raise  # too late for an answer: the server must break the connection
            await problem(scope, InternalError())(scope, receive, exchange.send)
        finally:
            exchange.record()

    def _prepare(self, exchange: "_Exchange") -> Response | None:
        """Finds the operation and puts it into the scope; a response when there is nothing to run."""
        scope = exchange.scope
        found = None if _has_escaped_separator(scope) else self.index.find(scope["path"])
        if found is None:
            raise NotFound
        resource, parameters = found
        exchange.route = resource.template
        method = scope["method"]
        operation = resource.operations.get("GET" if method == "HEAD" else method)
        if method == "OPTIONS":
            return Response(status_code=204, headers={"Allow": resource.allow})
        if operation is None:
            raise MethodNotAllowed(headers={"Allow": resource.allow})
        _check_accept(scope, operation)
        exchange.scope = inner = {**scope, "method": "GET", HEAD_ONLY: True} if method == "HEAD" else scope
        inner["path_params"] = parameters
        inner[OPERATION] = operation
        return None

    async def _run(self, exchange: "_Exchange", receive: Receive) -> None:
        """Runs the operation; a caller who leaves a slow one ends it, and with it its query."""
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        watch = _Watch(exchange, receive, task)
        timer = loop.call_later(WATCH_AFTER_SECONDS, watch.start)
        try:
            await self._take_turn(exchange, receive)
        except asyncio.CancelledError:
            if task is None or not watch.gone:
                raise
            task.uncancel()
            exchange.status = CLIENT_GONE
        finally:
            timer.cancel()
            watch.stop()

    async def _take_turn(self, exchange: "_Exchange", receive: Receive) -> None:
        """Runs the operation when there is room for it; what asks after our health is never kept waiting."""
        scope = exchange.scope
        operation: Operation = scope[OPERATION]
        if operation.template in QUIET:
            await self.app(scope, receive, exchange.send)
            return
        async with self.limits.turn(scope, guarded=operation.guarded):
            if operation.direct is None or not await operation.direct(scope, receive, exchange.send):
                await self.app(scope, receive, exchange.send)


class _Exchange:
    """One request and what is known of its answer."""

    __slots__ = ("_send", "complete", "head", "method", "request_id", "route", "scope", "start", "started", "status")

    def __init__(self, scope: Scope, send: Send) -> None:
        self.start = perf_counter()
        self.scope = scope
        self.method: str = scope["method"]
        self.head = self.method == "HEAD"
        self.request_id = scope["request_id"] = str(uuid4())
        self.route = "unmatched"
        self.status = 500
        self.started = False
        self.complete = False
        self._send = send

    async def send(self, message: Message) -> None:
        """Passes the answer on with the headers every answer has, without a body for HEAD."""
        if message["type"] == "http.response.start":
            self.started = True
            self.status = message["status"]
            headers = [*message["headers"], *COMMON_HEADERS, (b"x-request-id", self.request_id.encode())]
            given = {name for name, _ in message["headers"]}
            headers += [default for default in DEFAULT_HEADERS if default[0] not in given]
            headers += self.scope.get(QUOTA, ())
            message = {**message, "headers": headers}
        elif message["type"] == "http.response.body":
            self.complete = not message.get("more_body", False)
            if self.head:
                message = {**message, "body": b""}
        await self._send(message)

    def record(self) -> None:
        """Counts the request and logs one line about it."""
        seconds = perf_counter() - self.start
        method = self.method if self.method in _METHODS else "OTHER"
        key = (method, self.route, self.status)
        series = _series.get(key)
        if series is None:
            series = _series[key] = _seconds.labels(*key)
        series.observe(seconds)
        if self.route in QUIET and self.status < 400:
            return
        _log.info(
            "request",
            request_id=self.request_id,
            client=self.scope.get(CLIENT),
            method=method,
            route=self.route,
            path=self.scope["path"][:MAX_LOGGED_PATH],
            status=self.status,
            ms=round(seconds * 1000, 2),
        )


class _Watch:
    """Waits for the caller to hang up while a slow operation runs, and then cancels it."""

    __slots__ = ("_exchange", "_receive", "_task", "_waiting", "gone")

    def __init__(self, exchange: _Exchange, receive: Receive, task: "asyncio.Task[Any] | None") -> None:
        self._exchange = exchange
        self._receive = receive
        self._task = task
        self._waiting: asyncio.Task[None] | None = None
        self.gone = False

    def start(self) -> None:
        """Begins to wait, unless the operation may still be reading its body from the same channel."""
        scope = self._exchange.scope
        names = {name for name, _ in scope["headers"]}
        if RAW_BODY in scope or names.isdisjoint({b"content-length", b"transfer-encoding"}):
            self._waiting = asyncio.get_running_loop().create_task(self._wait())

    async def _wait(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        if self._task is not None and not self._exchange.complete:
            self.gone = True
            self._task.cancel()

    def stop(self) -> None:
        """Ends the waiting."""
        if self._waiting is not None:
            self._waiting.cancel()


def check(scope: Scope) -> None:
    """Refuses addresses and headers no operation can use."""
    query: bytes = scope["query_string"]
    if len(scope["raw_path"]) + len(query) > MAX_ADDRESS:
        raise AddressTooLong(headers={"Connection": "close"})
    _check_headers(scope["headers"])
    if not scope["path"].isprintable() or (query and not _is_clean(query)):
        raise Malformed({"en": "The address contains control characters.", "vi": "Địa chỉ chứa ký tự điều khiển."})


def _check_headers(headers: list[tuple[bytes, bytes]]) -> None:
    total = hosts = upgrades = 0
    for name, value in headers:
        size = len(value)
        total += size + len(name)
        if size > MAX_HEADER:
            total = MAX_HEADER_BYTES + 1
        if name == b"host":
            hosts += 1
        elif name == b"upgrade" and value.lower() == b"websocket":
            upgrades += 1
    if total > MAX_HEADER_BYTES or len(headers) > MAX_HEADERS:
        raise HeadersTooLarge(headers={"Connection": "close"})
    if hosts != 1:
        raise Malformed({"en": "Exactly one Host header is needed.", "vi": "Cần đúng một tiêu đề Host."})
    if upgrades:
        text = {"en": "There are no websockets here.", "vi": "Dịch vụ không có websocket."}
        raise Malformed(text, headers={"Connection": "close"})


def _is_clean(query: bytes) -> bool:
    if _CONTROL.search(query):
        return False
    try:
        (unquote_to_bytes(query) if b"%" in query else query).decode()
    except UnicodeDecodeError:
        return False
    return True


def _has_escaped_separator(scope: Scope) -> bool:
    raw: bytes = scope["raw_path"]
    return b"%" in raw and (b"%2f" in raw.lower() or b"%5c" in raw.lower())


def _check_accept(scope: Scope, operation: Operation) -> None:
    accepts = [value for name, value in scope["headers"] if name == b"accept"]
    if not accepts or accepts[0] == b"*/*" or accepts[0] == b"application/json":
        return
    found = accepted(b",".join(accepts).decode("latin-1"), operation.produces)
    if found is None:
        raise NotAcceptable(extra={"produces": sorted(operation.produces)})
    scope[ACCEPTED] = found


async def _not_http(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1000})
        return
    await app(scope, receive, send)
