"""Builds the OpenAPI 3.1 document of v1 from the routes: what FastAPI cannot know is added here, for all alike."""

import inspect
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Final

import orjson
from fastapi import Body
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, RouteContext

from app.api.idempotency import HEADER as IDEMPOTENCY_KEY
from app.api.problems import ALWAYS, PROBLEM, Problem, kinds
from app.api.purpose import HEADER as PURPOSE
from app.api.purpose import OPTIONAL as OPTIONAL_PURPOSE
from app.api.purpose import PATTERN as PURPOSE_PATTERN
from app.api.routes import body_model
from app.errors import DomainError
from app.settings import Settings

API_VERSION: Final = "1.0.0"

_DESCRIPTION: Final = """\
One source for enforcement cases (việc thi hành án dân sự), priority flags and target attainment.

**Access.** OAuth 2.0 client credentials: `POST /oauth/token` with `grant_type=client_credentials`, then
`Authorization: Bearer …`. What a client may do is its scopes; what it may see is the unit subtrees granted to it.
What it may not see is answered like what does not exist: 404.

**Data.** JSON in UTF-8, strict: unknown members and parameters are refused. Money is whole VND. Ids are UUIDs in lower
case. Rates are decimal strings in percent with numerator and denominator; `delta_pp` are percentage points,
`delta_pct` a relative change in percent.

**Lists.** `limit` (50, at most 500) and `cursor`; `next` in the body and the `Link` header lead on until it is null.

**Exports.** The whole of a list, with the same filters: `Accept: text/csv` (`; bom=present` for a byte order mark),
`application/x-ndjson` or the media type of XLSX, without `limit` and `cursor`. Members of objects are columns with
dotted names; lists are JSON. Text that begins like a formula has an apostrophe before it in CSV. An export that fails
midway breaks the connection off.

**Personal data.** Names of individuals are masked; identity numbers, addresses and phones are not shown. Whoever has
the scope `cases:read.pii` may ask for them case by case, with a `Purpose` that goes on record.

**Changes.** POST needs an `Idempotency-Key`: the same key gives the same answer, once done. Other changes need
`If-Match` with the `ETag` read before: 428 without, 412 when somebody was faster. Operations marked `x-safe` change
nothing, those marked `x-repeatable` tell by themselves what was done already; they need neither.

**Limits.** `RateLimit` says what is left of the client's quota. 429 and 503 say in `Retry-After` when to ask again.

**Errors.** `application/problem+json` (RFC 9457) with a stable `code`, every fault at once with its JSON pointer or
parameter, in Vietnamese or English by `Accept-Language`. The page `/problems` lists all codes.
"""

_REUSED_HEADERS: Final = {
    "X-Request-ID": ("Id of the request, as in the log and in problems.", "0b9b6a0e-6a8a-4f1c-9f7e-2f1f3c5d7e90"),
    "API-Version": ("Version of the contract.", API_VERSION),
    "RateLimit-Policy": ("Quota of the client at this worker: `q` requests in `w` seconds.", '"client";q=500;w=5'),
    "RateLimit": ("What is left: `r` requests; all of it again after `t` seconds.", '"client";r=499;t=1'),
    "Retry-After": ("Seconds after which to ask again.", "1"),
    "ETag": ("Version of the resource, for `If-None-Match` and `If-Match`.", '"7"'),
    "Link": ('The next page, `rel="next"`.', '</v1/cases?limit=50&cursor=WzEsIjIwMjQi>; rel="next"'),
}
_LIMITS: Final = {"ge": "minimum", "le": "maximum", "gt": "exclusiveMinimum", "lt": "exclusiveMaximum"}
_IF_MATCH: Final = {"type": "string", "pattern": r'^(\*|"[1-9][0-9]{0,14}(\.[A-Za-z0-9_-]+)?")$'}
_PURPOSE: Final = {
    "name": PURPOSE,
    "schema": {"type": "string", "pattern": PURPOSE_PATTERN},
    "example": "X%C3%A1c minh theo h%E1%BB%93 s%C6%A1 152/HS-2025",
}
_PURPOSE_FORM: Final = "one line of at most 500 characters, as UTF-8 in percent-encoding (`encodeURIComponent`)"
_REQUEST_HEADERS: Final = {
    PURPOSE: {**_PURPOSE, "required": True, "description": f"What for; goes on record: {_PURPOSE_FORM}."},
    OPTIONAL_PURPOSE: {
        **_PURPOSE,
        "required": False,
        "description": f"What personal data are asked for, required then; goes on record: {_PURPOSE_FORM}.",
    },
    IDEMPOTENCY_KEY: {
        "name": IDEMPOTENCY_KEY,
        "required": True,
        "description": "Key of this request, new for each; repeating a request with its key is safe.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
        "example": "5f0c8e0e-8a53-4a43-9a0c-6d5a7d1f7a10",
    },
    "If-Match": {
        "name": "If-Match",
        "required": True,
        "description": "ETag of the version this change is based on, or `*` for any.",
        "schema": _IF_MATCH,
        "example": '"7"',
    },
    "If-Match-Optional": {
        "name": "If-Match",
        "required": False,
        "description": "ETag of the version this is based on; refused (412) when that is no longer the current one.",
        "schema": _IF_MATCH,
        "example": '"7"',
    },
    "If-None-Match": {
        "name": "If-None-Match",
        "required": False,
        "description": "ETag the caller already has; 304 when it still holds.",
        "schema": {"type": "string"},
        "example": '"7"',
    },
}


def openapi(contexts: Iterable[RouteContext], tags: dict[str, str], settings: Settings) -> dict[str, Any]:
    """The document of these operations; `tags` are the resources with a sentence about each."""
    contexts = list(contexts)
    document = get_openapi(
        title="THADS API",
        version=API_VERSION,
        openapi_version="3.1.0",
        summary="Civil judgment enforcement (thi hành án dân sự)",
        description=_DESCRIPTION,
        routes=[_documented(context) for context in contexts],
        tags=[{"name": name, "description": text} for name, text in sorted(tags.items())],
        servers=[{"url": "/", "description": "This service"}],
        contact={"name": "THADS service", "url": settings.issuer},
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    _mend_limits(document)
    _restore_examples(document, contexts)
    components = document.setdefault("components", {})
    components.setdefault("schemas", {})
    components.setdefault("securitySchemes", {})
    seen = {status for found in _operations(document) for status in _complete(*found, components["schemas"])}
    problem_schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    components["schemas"] |= problem_schema.pop("$defs", {}) | {"Problem": problem_schema}
    components["responses"] = {_response_name(status): _problem_response(status) for status in sorted(seen)}
    components["headers"] = {
        name: {"description": text, "schema": {"type": "string"}, "example": example}
        for name, (text, example) in _REUSED_HEADERS.items()
    }
    components["parameters"] = {name: {**header, "in": "header"} for name, header in _REQUEST_HEADERS.items()}
    return _without_unused(document)


def _mend_limits(value: Any) -> None:
    """Puts limits of numbers under their JSON schema names, as whole numbers.

    Pydantic leaves a limit that narrows a validated type (`Annotated[Count, Field(le=12)]`) under its own name beside
    the wider one; FastAPI makes floats of limits.
    """
    if isinstance(value, dict):
        if value.get("type") in ("integer", "number"):
            value |= {_LIMITS[name]: value.pop(name) for name in _LIMITS.keys() & value.keys()}
            value |= {name: int(value[name]) for name in _LIMITS.values() if value.get(name, 0.5) % 1 == 0}
        for member in value.values():
            _mend_limits(member)
    elif isinstance(value, list):
        for member in value:
            _mend_limits(member)


def _restore_examples(document: dict[str, Any], contexts: Iterable[RouteContext]) -> None:
    """FastAPI leaves members that are null out of examples, and calls what is not plain JSON a string."""
    for context in contexts:
        for method in context.methods or ():
            answers = document["paths"][context.path][method.lower()]["responses"]
            for status, answer in context.responses.items():
                for kind, content in answer.get("content", {}).items():
                    if "example" in content:
                        example = orjson.loads(orjson.dumps(content["example"]))
                        described = answers[str(status)]["content"][kind]
                        described["example"] = example
                        if described["schema"].keys() & {"$ref", "anyOf"}:
                            described["schema"].pop("type", None)


def _documented(context: RouteContext) -> RouteContext | APIRoute:
    """The route; with a JSON body, a twin whose body FastAPI understands and can describe."""
    model = body_model(context.dependant)
    if model is None or context.endpoint is None:
        return context

    async def twin() -> None: ...

    parameters = inspect.signature(context.endpoint, eval_str=True).parameters.values()
    described = [_body_parameter(parameter, model) for parameter in parameters]
    twin.__signature__ = inspect.Signature(  # type: ignore[attr-defined]  # how Python lets a function describe itself
        sorted(described, key=lambda parameter: parameter.kind)
    )
    return APIRoute(
        context.path or "",
        twin,
        methods=context.methods,
        name=context.name,
        tags=context.tags,
        summary=context.summary,
        description=context.description,
        responses=context.responses,
        response_description=context.response_description,
        status_code=context.status_code,
        operation_id=context.operation_id,
        openapi_extra=context.openapi_extra,
        deprecated=context.deprecated,
        response_model=None,
    )


def _body_parameter(parameter: inspect.Parameter, model: Any) -> inspect.Parameter:
    markers = getattr(parameter.annotation, "__metadata__", ())
    if any(getattr(getattr(marker, "dependency", None), "json_model", None) is model for marker in markers):
        return parameter.replace(annotation=Annotated[model, Body()], kind=inspect.Parameter.KEYWORD_ONLY)
    return parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def _complete(path: str, method: str, operation: dict[str, Any], schemas: dict[str, Any]) -> set[int]:
    """Adds the headers and problems an operation has by its nature; returns the statuses of its problems."""
    responses: dict[str, Any] = operation["responses"]
    names = {parameter.get("name") for parameter in operation.get("parameters", ())}
    statuses = {*map(int, responses), *ALWAYS}
    statuses |= ({404} if "{" in path else set()) | ({410} if "cursor" in names else set())
    if "requestBody" in operation:
        statuses |= {413, 415}
        if "application/json" in operation["requestBody"]["content"]:
            _add_example(operation["requestBody"]["content"]["application/json"], schemas)
    if sent := list(_sent_headers(method, statuses, safe=not {"x-safe", "x-repeatable"}.isdisjoint(operation))):
        operation.setdefault("parameters", []).extend(_ref("parameters", name) for name in sent)
    returned = ["X-Request-ID", "API-Version", "RateLimit-Policy", "RateLimit"]
    returned += ["ETag"] if statuses & {304, 428} else []
    returned += ["Link"] if "cursor" in names else []
    for status in statuses:
        if status >= 400:
            responses[str(status)] = _ref("responses", _response_name(status))
        else:
            headers = {name: _ref("headers", name) for name in returned}
            responses[str(status)].setdefault("headers", {}).update(headers)
    operation["responses"] = dict(sorted(responses.items()))
    return {status for status in statuses if status >= 400}


def _sent_headers(method: str, statuses: set[int], *, safe: bool) -> Iterator[str]:
    if method == "post" and not safe:
        yield IDEMPOTENCY_KEY
    if 428 in statuses:
        yield "If-Match"
    elif 412 in statuses:
        yield "If-Match-Optional"
    if 304 in statuses:
        yield "If-None-Match"


def _ref(section: str, name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/{section}/{name}"}


def _add_example(content: dict[str, Any], schemas: dict[str, Any]) -> None:
    if "example" not in content and "examples" not in content:
        content["example"] = example_of(content["schema"], schemas)


def example_of(schema: dict[str, Any], schemas: dict[str, Any]) -> Any:
    """A value made of the examples of the fields; optional fields without an example are left out."""
    if "$ref" in schema:
        schema = {**schemas[schema["$ref"].rsplit("/", 1)[1]], **{k: v for k, v in schema.items() if k != "$ref"}}
    for key in ("examples", "enum"):
        if schema.get(key):
            return schema[key][0]
    for key in ("const", "default"):
        if key in schema:
            return schema[key]
    for key in ("oneOf", "anyOf"):
        if key in schema:
            return example_of(schema[key][0], schemas)
    if schema.get("type") == "array":
        return [example_of(schema["items"], schemas)]
    if schema.get("type") == "object":
        required = schema.get("required", [])
        members = schema.get("properties", {}).items()
        return {
            name: example_of(member, schemas) for name, member in members if name in required or member.get("examples")
        }
    return None


def _kinds_of(status: int) -> list[type[DomainError]]:
    return [kind for kind in kinds() if kind.status == status]


def _response_name(status: int) -> str:
    return _kinds_of(status)[0].code.title().replace("-", "")


def _problem_response(status: int) -> dict[str, Any]:
    of_status = _kinds_of(status)
    codes = ", ".join(f"`{code}`" for code in sorted({kind.code for kind in of_status}))
    example = {
        "type": f"/problems/{of_status[0].code}",
        "title": of_status[0].title["en"],
        "status": status,
        "code": of_status[0].code,
        "instance": "urn:uuid:0b9b6a0e-6a8a-4f1c-9f7e-2f1f3c5d7e90",
    }
    return {
        "description": f"{of_status[0].title['en']}: {codes}",
        "content": {PROBLEM: {"schema": _ref("schemas", "Problem"), "example": example}},
        "headers": {name: _ref("headers", name) for name in _problem_headers(status)},
    }


def _problem_headers(status: int) -> list[str]:
    return ["X-Request-ID", "API-Version", *(["Retry-After"] if status in (429, 503) else [])]


def _without_unused(document: dict[str, Any]) -> dict[str, Any]:
    """Drops components nothing refers to."""
    components = document["components"]
    for section in ("parameters", "headers", "responses"):
        used = set(_references(document))
        components[section] = {
            name: value for name, value in components[section].items() if f"#/components/{section}/{name}" in used
        }
    document["components"] = {name: section for name, section in components.items() if section}
    return document


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for member in value.values():
            yield from _references(member)
    elif isinstance(value, list):
        for member in value:
            yield from _references(member)
