"""A small real router that has one of everything the mechanics offer, for trying them alone."""

import asyncio
from typing import Annotated, Any, Final, Literal, Self

import orjson
from fastapi import APIRouter, Path, Query
from pydantic import Field, JsonValue, model_validator
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from app.api.body import json_body
from app.api.deps import Db, Paging, requires
from app.api.etag import expected_version, tagged, version_tag
from app.api.idempotency import Answer, once
from app.api.pagination import after, page_answer
from app.api.problems import answers
from app.api.routes import StrictRoute
from app.api.v1.schemas import base
from app.api.v1.schemas.base import BusinessDate, Count, Flag, Instant, Line, Money, Name, Percent, Strict, Text, Uuid
from app.errors import NotFound, PreconditionFailed
from app.services.access import Caller

router: Final = APIRouter(prefix="/samples", tags=["Samples"], route_class=StrictRoute)

TABLE: Final = """
    CREATE TABLE lab_sample (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, version int NOT NULL);
    GRANT SELECT, INSERT, UPDATE ON lab_sample TO thads_service;
    INSERT INTO lab_sample (name, version) SELECT 'Hồ sơ ' || n, 7 FROM generate_series(1, 9) n"""
SAMPLE_ID: Final = "0197c0de-0000-7000-8000-000000000001"

Reader = Annotated[Caller, requires("cases:read")]
Writer = Annotated[Caller, requires("cases:write")]
SampleNo = Annotated[int, Path(description="number", ge=1, le=2**31 - 1, examples=[1])]


class Part(Strict):
    """A part of a sample."""

    amount_vnd: Money = Field(description="VND", examples=[1_000_000])


class Circle(Strict):
    """One shape."""

    shape: Literal["circle"] = Field(description="which", examples=["circle"])
    radius: Count = Field(description="radius", examples=[3])


class Square(Strict):
    """Another shape."""

    shape: Literal["square"] = Field(description="which", examples=["square"])
    side: Count = Field(description="side", examples=[4])


class SampleNew(Strict):
    """One of every type."""

    name: Name = Field(description="name", examples=["Nguyễn Văn An"])
    code: Annotated[Line, Field(max_length=5)] = Field("A", description="code", examples=["A1"])
    note: Text | None = Field(None, description="note", examples=["Ghi chú"])
    amount_vnd: Money = Field(0, description="VND", examples=[20_000_000_000])
    number: Count = Field(0, description="number", examples=[3])
    flag: Flag = Field(False, description="flag", examples=[True])
    kind: Literal["civil", "criminal"] = Field("civil", description="kind", examples=["civil"])
    day: BusinessDate | None = Field(None, description="day", examples=["2025-08-22"])
    moment: Instant | None = Field(None, description="moment", examples=["2025-08-22T10:00:00+07:00"])
    share: Percent | None = Field(None, description="share", examples=["83.90"])
    other_id: Uuid | None = Field(None, description="another sample", examples=[SAMPLE_ID])
    parts: Annotated[list[Part], Field(max_length=100)] = Field(default=[], description="parts")
    shape: Annotated[Circle | Square, Field(discriminator="shape")] | None = Field(None, description="shape")
    free: dict[str, JsonValue] = Field(default={}, description="anything", examples=[{"a": 1}])
    hold_seconds: float = Field(0, ge=0, le=10, description="how long the change takes", examples=[0.5])

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.kind == "criminal" and not self.amount_vnd:
            raise base.refuse("amount-needed", "needs an amount", "cần có số tiền", at="amount_vnd")
        return self


class SampleOut(Strict):
    """A sample."""

    id: int = Field(description="number", examples=[1])
    name: str = Field(description="name", examples=["Nguyễn Văn An"])


class SamplePage(Strict):
    """Samples."""

    items: list[SampleOut] = Field(description="the samples")
    next: str | None = Field(description="cursor", examples=[None])


class SampleFilters(base.Query):
    """Filters of every type."""

    kind: list[Literal["civil", "criminal"]] | None = Field(None, description="kinds", examples=[["civil"]])
    flag: Flag | None = Field(None, description="flag", examples=[True])
    amount_min: Money | None = Field(None, description="VND", examples=[1])
    amount_max: Money | None = Field(None, description="VND", examples=[2])
    day: BusinessDate | None = Field(None, description="day", examples=["2025-08-22"])

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.amount_min is not None and self.amount_max is not None and self.amount_min > self.amount_max:
            raise base.refuse("range-reversed", "is less than amount_min", "nhỏ hơn amount_min", at="amount_max")
        return self


OUT: Final = {"id": 1, "name": "Nguyễn Văn An"}
PAGE: Final = {"items": [OUT], "next": None}


@router.get("", response_model=None, responses=answers(SamplePage, example=PAGE), summary="List samples")
async def list_samples(
    request: Request, db: Db, caller: Reader, filters: Annotated[SampleFilters, Query()], page: Paging
) -> Response:
    """Samples in order."""
    assert filters
    last = after(request, caller, page) or (0,)
    rows = await db.fetch("SELECT id, name FROM lab_sample WHERE id > %s ORDER BY id LIMIT %s", (*last, page.limit + 1))
    items: list[dict[str, Any]] = [{"id": row[0], "name": row[1]} for row in rows]
    return page_answer(request, caller, page, items, key=lambda item: (item["id"],))


@router.post("", response_model=None, responses=answers(SampleOut, status=201, example=OUT), summary="Make a sample")
async def make_sample(
    request: Request, db: Db, caller: Writer, body: Annotated[SampleNew, json_body(SampleNew)]
) -> Response:
    """Makes one."""

    async def work(session: AsyncSession) -> Answer:
        statement = text("INSERT INTO lab_sample (name, version) VALUES (:name, 7) RETURNING id")
        number = (await session.execute(statement, {"name": body.name})).scalar_one()
        await asyncio.sleep(body.hold_seconds)
        if body.code == "FAIL":
            raise NotFound
        return Answer(orjson.dumps({"id": number, "name": body.name}), 201, {"Location": f"/v1/samples/{number}"})

    return await once(request, db, caller, work)


@router.get(
    "/slow/{seconds}", response_model=None, responses=answers(SampleOut, example=OUT), summary="Take one's time"
)
async def sleep_in_database(db: Db, caller: Reader, seconds: Annotated[int, Path(description="s")]) -> Response:
    """Lets the database sleep."""
    assert caller
    await db.fetch("SELECT pg_sleep(%s)", (seconds,))
    return Response(orjson.dumps(OUT), media_type="application/json")


@router.get("/broken", response_model=None, responses=answers(SampleOut, example=OUT), summary="Fail")
async def fail(caller: Reader) -> Response:
    """A defect."""
    assert caller
    raise RuntimeError("secret detail of the inside")


@router.get("/{number}", response_model=None, responses=answers(SampleOut, example=OUT, errors=(304,)), summary="Read")
async def read_sample(request: Request, db: Db, caller: Reader, number: SampleNo) -> Response:
    """One of them."""
    assert caller
    row = await db.fetch_one("SELECT id, name, version FROM lab_sample WHERE id = %s", (number,))
    if row is None:
        raise NotFound
    return tagged(request, orjson.dumps({"id": row[0], "name": row[1]}), version_tag(row[2]))


@router.put(
    "/{number}",
    response_model=None,
    responses=answers(SampleOut, example=OUT, errors=(404, 412, 428)),
    summary="Replace",
)
async def replace_sample(
    request: Request, caller: Writer, number: SampleNo, body: Annotated[SampleNew, json_body(SampleNew)]
) -> Response:
    """Checks the version, which is always 7, and stores nothing."""
    assert caller
    expected = expected_version(request)
    if expected not in (None, 7):
        raise PreconditionFailed
    return Response(orjson.dumps({"id": number, "name": body.name}), media_type="application/json")
