"""Priority rules: what raises each flag, since when, on which legal basis."""

from dataclasses import asdict
from typing import Annotated

import orjson
from fastapi import APIRouter, Path
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from app.api.body import json_body
from app.api.deps import Db, Paging, Ref, actor, requires
from app.api.etag import content_tag, tagged
from app.api.idempotency import Answer, once
from app.api.pagination import after, page_answer
from app.api.problems import answers
from app.api.routes import StrictRoute
from app.api.v1.schemas import priority_rules as schemas
from app.api.v1.schemas.priority import FlagName
from app.api.v1.schemas.priority_rules import RuleHistory, RuleNew, RuleOut, RulePage
from app.clock import today
from app.errors import NotFound
from app.services.access import Caller
from app.services.priority.commands import set_rule
from app.services.reference import FOREVER, PriorityRule
from app.services.work import Work

router = APIRouter(prefix="/priority-rules", tags=["Priority rules"], route_class=StrictRoute)

Reader = Annotated[Caller, requires("priority:read")]


@router.get(
    "",
    response_model=None,
    responses=answers(RulePage, example=schemas.RULE_PAGE_EXAMPLE, errors=()),
    summary="List the rules",
)
async def list_priority_rules(request: Request, ref: Ref, caller: Reader, page: Paging) -> Response:
    """Every version of every rule, with the days it is in force. Before its first version a flag is never raised."""
    last = after(request, caller, page)
    rules = [rule for rule in ref.rules if last is None or (rule.flag, rule.version) > last]
    items = [schemas.rule_out(rule) for rule in rules[: page.limit + 1]]
    return page_answer(request, caller, page, items, key=lambda item: (item["flag"], item["version"]))


@router.get(
    "/{flag}",
    response_model=None,
    responses=answers(RuleHistory, example=schemas.HISTORY_EXAMPLE, errors=(304, 404)),
    summary="Read one rule",
)
async def read_priority_rule(
    request: Request, ref: Ref, caller: Reader, flag: Annotated[FlagName, Path(description="the flag")]
) -> Response:
    """All versions of the rule behind a flag, and the one in force today."""
    rules = [rule for rule in ref.rules if rule.flag == flag]
    if not rules:
        raise NotFound
    body = orjson.dumps(schemas.history_out(flag, rules, today()))
    return tagged(request, body, content_tag(rules[-1].version, body))


@router.post(
    "",
    response_model=None,
    responses=answers(RuleOut, status=201, example=schemas.RULE_EXAMPLE, errors=(409,)),
    summary="Set the next version of a rule",
)
async def set_priority_rule(
    request: Request,
    db: Db,
    ref: Ref,
    caller: Annotated[Caller, requires("rules:write")],
    body: Annotated[RuleNew, json_body(RuleNew)],
) -> Response:
    """Sets a version that takes over from today or a later day on; the version before ends on that day.

    Only for clients to which the whole nation was granted. Past days keep the rules they had. Needs an
    `Idempotency-Key`. 409 when a version begins on that day or later.
    """

    async def work(session: AsyncSession) -> Answer:
        new = body.to_rule()
        version = await set_rule(Work(session, ref, caller, actor(request, caller, body.reason)), new)
        rule = PriorityRule(version=version, until=FOREVER, **asdict(new))
        location = {"Location": f"/v1/priority-rules/{new.flag}"}
        return Answer(orjson.dumps(schemas.rule_out(rule)), 201, location)

    return await once(request, db, caller, work)
