"""Routes of v1: strict about the query string, and aware of the bodies and scopes they declare."""

import re
from collections.abc import Callable, Iterator
from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin
from urllib.parse import parse_qsl

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, RouteContext
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from app.api.problems import UnknownParameter
from app.errors import Fault, NotFound


class StrictRoute(APIRoute):
    """Refuses unknown query parameters, repeated ones unless they are lists, and numbers written oddly in the path."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        if options.get("status_code") is None:
            answers = [code for code in options.get("responses") or {} if str(code).startswith("2")]
            options["status_code"] = int(answers[0]) if answers else None
        options["operation_id"] = options.get("operation_id") or getattr(endpoint, "__name__", None)
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Any:
        """FastAPI's handler behind the check of the query string."""
        handle = super().get_route_handler()
        known = dict(query_parameters(self.dependant))
        numbers = [field.alias for field in self.dependant.path_params if field.field_info.annotation is int]

        async def strict(request: Request) -> Response:
            for name in numbers:
                if not _NUMBER.fullmatch(request.path_params[name]):
                    raise NotFound
            if request.scope["query_string"]:
                _check_query(request, known)
            return await handle(request)

        return strict


def _check_query(request: Request, known: dict[str, bool]) -> None:
    faults: dict[str, Fault] = {}
    seen: set[str] = set()
    pairs = parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True)
    for name, _ in pairs:
        if name not in known:
            # a name is repeated in the answer only when it is plainly one
            shown = name if _NAME.fullmatch(name) else None
            faults.setdefault(name, Fault("unknown-parameter", _UNKNOWN, parameter=shown))
        elif name in seen and not known[name]:
            faults.setdefault(name, Fault("repeated-parameter", _REPEATED, parameter=name))
        seen.add(name)
    if faults:
        raise UnknownParameter(faults=list(faults.values()))


_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,39}", re.ASCII)
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
