"""Routes of v1: strict about the query string, aware of the bodies and scopes they declare, exported where lists."""

import re
from collections.abc import Callable, Iterator
from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, RouteContext
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from app.api.direct import Direct, is_direct
from app.api.exports import Collection, exportable, is_list
from app.api.faults import is_plain
from app.api.problems import UnknownParameter
from app.api.query import query_pairs
from app.errors import Fault, NotFound


class StrictRoute(APIRoute):
    """Refuses unknown query parameters, repeated ones unless they are lists, and numbers written oddly in the path."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        if options.get("status_code") is None:
            answers = [code for code in options.get("responses") or {} if str(code).startswith("2")]
            options["status_code"] = int(answers[0]) if answers else None
        options["operation_id"] = options.get("operation_id") or getattr(endpoint, "__name__", None)
        if is_list(endpoint):
            endpoint = _exportable(path, endpoint, options["responses"][200])
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Any:
        """FastAPI's handler behind the check of path and query."""
        handle = super().get_route_handler()
        given = checked(self.dependant)

        async def strict(request: Request) -> Response:
            given(request)
            return await handle(request)

        return strict


def _exportable(path: str, endpoint: Callable[..., Any], answer: dict[str, Any]) -> Callable[..., Any]:
    """The endpoint of a list with its exports, which are described beside its page."""
    collection = Collection(path, answer["model"])
    answer["content"] |= collection.described(answer["content"]["application/json"]["example"])
    return exportable(collection, endpoint)


def direct(context: RouteContext) -> Direct | None:
    """The operation without FastAPI's resolver, where it is strict and simple enough."""
    if isinstance(context.original_route, StrictRoute) and is_direct(context.dependant):
        return Direct(context.dependant, checked(context.dependant))
    return None


def checked(dependant: Dependant) -> Callable[[Request], dict[str, Any]]:
    """What finds the query parameters of a request by name, those that are lists as lists, or refuses it."""
    known = dict(query_parameters(dependant))
    numbers = [field.alias for field in dependant.path_params if field.field_info.annotation is int]

    def given(request: Request) -> dict[str, Any]:
        for name in numbers:
            if not _NUMBER.fullmatch(request.path_params[name]):
                raise NotFound
        return _by_name(query_pairs(request.scope), known) if request.scope["query_string"] else {}

    return given


def _by_name(pairs: list[tuple[str, str]], known: dict[str, bool]) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for name, value in pairs:
        is_list = known.get(name)
        if is_list:
            given.setdefault(name, []).append(value)
        elif is_list is None or name in given:
            raise UnknownParameter(faults=_faults(pairs, known))
        else:
            given[name] = value
    return given


def _faults(pairs: list[tuple[str, str]], known: dict[str, bool]) -> list[Fault]:
    faults: dict[str, Fault] = {}
    seen: set[str] = set()
    for name, _ in pairs:
        if name not in known:
            shown = name if is_plain(name) else None
            faults.setdefault(name, Fault("unknown-parameter", _UNKNOWN, parameter=shown))
        elif name in seen and not known[name]:
            faults.setdefault(name, Fault("repeated-parameter", _REPEATED, parameter=name))
        seen.add(name)
    return list(faults.values())


_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_UNKNOWN: Final = {"en": "the operation has no such parameter", "vi": "thao tác không có tham số này"}
_REPEATED: Final = {"en": "must not be repeated", "vi": "không được lặp lại"}


def query_parameters(dependant: Dependant) -> Iterator[tuple[str, bool]]:
    """Names of the query parameters of an operation, each with whether it may be repeated."""
    for field in dependant.query_params:
        annotation = field.field_info.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            for name, info in annotation.model_fields.items():
                yield info.alias or name, _is_list(info.annotation)
        else:
            yield field.alias, _is_list(annotation)
    for sub in dependant.dependencies:
        yield from query_parameters(sub)


def _is_list(annotation: Any) -> bool:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _is_list(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return any(_is_list(member) for member in get_args(annotation))
    return (origin or annotation) in (list, tuple, set, frozenset)


def body_model(dependant: Dependant) -> Any:
    """The model of the JSON body an operation reads, or None."""
    for sub in dependant.dependencies:
        model = getattr(sub.call, "json_model", None)
        if model is not None:
            return model
    return None


def check_guarded(context: RouteContext) -> None:
    """Refuses an operation without exactly one scope, or one that reads its body before it knows who asks."""
    dependencies: list[Dependant] = context.dependant.dependencies
    guards = [place for place, sub in enumerate(dependencies) if sub.own_oauth_scopes]
    bodies = [place for place, sub in enumerate(dependencies) if hasattr(sub.call, "json_model")]
    if len(guards) != 1:
        raise RuntimeError(f"{context.path}: {context.name} must require one scope")
    if any(place < guards[0] for place in bodies):
        raise RuntimeError(f"{context.path}: {context.name} must take its caller before its body")
