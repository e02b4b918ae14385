"""Puts the application together: settings in, application out."""

import asyncio
import gc
from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from functools import partial
from types import ModuleType
from typing import Any

import structlog
from fastapi import APIRouter, FastAPI
from fastapi.routing import RouteContext, iter_route_contexts

from app import __version__, logging, tasks
from app.api import docs, export_jobs, oauth, operations, v1
from app.api.imports import KINDS
from app.api.index import RouteIndex
from app.api.limits import Limits
from app.api.middleware import Edge
from app.api.openapi import openapi
from app.api.problems import HANDLERS
from app.api.protocol import CLOSING
from app.api.routes import check_guarded
from app.db import Database
from app.errors import DomainError
from app.services.access import SERVICE
from app.services.audit.commands import link_records
from app.services.changes.commands import ROUND, forget_old_changes
from app.services.changes.feed import Feed
from app.services.clients.commands import forget_old_keys, forget_used_assertions
from app.services.clients.login import Login
from app.services.clients.tokens import Tokens
from app.services.jobs.commands import tidy
from app.services.jobs.runner import Runner
from app.services.reference import ReferenceCache
from app.services.webhooks.commands import forget_old_deliveries
from app.services.webhooks.dispatcher import Dispatcher
from app.settings import Settings

# objects made before the youngest are collected: two batches of 5,000 items are made of fewer, hot paths make no cycles
GC_THRESHOLD = 500_000
HOUSEKEEPING_SECONDS = 3_600
CHAINING_SECONDS = 5


class Service(FastAPI):
    """FastAPI with the document of v1 in place of the one it would make of its single route."""

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document of v1."""
        document: dict[str, Any] = self.state.document
        return document


def create_app(settings: Settings | None = None, modules: Iterable[ModuleType] | None = None) -> FastAPI:
    """The service with these settings; v1 is made of the routers of these modules, by default all of `app.api.v1`."""
    settings = settings or Settings()
    logging.configure(settings.log_level)
    contract = APIRouter(prefix="/v1")
    tags: dict[str, str] = {}
    for module in v1.modules() if modules is None else modules:
        contract.include_router(module.router)
        for tag in module.router.tags:
            tags.setdefault(str(tag), (module.__doc__ or "").split("\n")[0])
    contexts = list(iter_route_contexts(contract.routes))
    for context in contexts:
        check_guarded(context)
    return _assemble(settings, contexts, openapi(contexts, tags, settings))


def _assemble(settings: Settings, contexts: list[RouteContext], document: dict[str, Any]) -> FastAPI:
    others = [context for part in (operations, docs, oauth) for context in iter_route_contexts(part.router.routes)]
    index = RouteIndex([*contexts, *others])
    app = Service(
        title="THADS",
        version=__version__,
        routes=[index],
        openapi_url=None,
        redirect_slashes=False,
        lifespan=_lifespan(settings),
        exception_handlers=HANDLERS,
    )
    app.state.limits = Limits(settings)
    app.add_middleware(Edge, index=index, limits=app.state.limits)
    app.state.document = document
    app.state.settings = settings
    app.state.index = index
    app.state.openapi = docs.encoded(document)
    app.state.tokens = Tokens(settings)
    app.state.login = Login()
    return app


async def _keep_house(db: Database) -> None:
    """Forgets old idempotency keys, used assertions, jobs, changes and deliveries, now and every hour."""
    kept = timedelta(days=db.settings.changes_days)
    while True:
        try:
            await db.write(SERVICE, forget_old_keys)
            await db.write(SERVICE, forget_used_assertions)
            await db.write(SERVICE, tidy)
            while await db.write(SERVICE, partial(forget_old_changes, kept=kept)) == ROUND:
                pass
            while await db.write(SERVICE, forget_old_deliveries) == ROUND:
                pass
        except DomainError:
            structlog.get_logger("housekeeping").warning("old keys and changes are kept for another hour")
        await asyncio.sleep(HOUSEKEEPING_SECONDS)


async def _chain_audit(db: Database) -> None:
    """Links what the trail has gained, every few seconds; one worker at a time."""
    while True:
        try:
            await db.write(SERVICE, link_records)
        except DomainError:
            structlog.get_logger("housekeeping").warning("new audit records are not linked yet")
        await asyncio.sleep(CHAINING_SECONDS)


def _lifespan(settings: Settings) -> Any:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
        db = Database(settings)
        reference, feed = ReferenceCache(db), Feed(db)
        await db.open()
        try:
            await reference.start()
            await feed.start()
            webhooks = Dispatcher(db, reference)
            await webhooks.start()
            app.state.db, app.state.reference, app.state.feed, app.state.webhooks = db, reference, feed, webhooks
            issuers = (issuer.keep_current() for issuer in app.state.tokens.outside)
            own = (_keep_house(db), _chain_audit(db), Runner(db, reference, {**KINDS, **export_jobs.kinds(app)}).run())
            keeping = [asyncio.create_task(work) for work in (*own, *issuers)]
            gc.collect()
            gc.freeze()
            gc.set_threshold(GC_THRESHOLD)
            yield {CLOSING: feed.close}
            await tasks.end(keeping)
            await webhooks.stop()
        finally:
            await feed.stop()
            await reference.stop()
            await db.close()

    def managed(app: FastAPI) -> AbstractAsyncContextManager[dict[str, Any]]:
        return lifespan(app)

    return managed
