"""Every operation of v1 as the document describes it, with a good request for each."""

from dataclasses import dataclass
from functools import cache
from typing import Any, Final
from uuid import uuid4

from app.main import create_app
from app.settings import Settings

UNKNOWN_ID: Final = "01890000-0000-7000-8000-00000000dead"


@dataclass(frozen=True)
class Operation:
    """One method of one path."""

    method: str
    template: str
    described: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.template}"

    @property
    def scope(self) -> str:
        """The scope it requires."""
        return str(self.described["security"][0]["oauth2"][0])

    @property
    def path_parameters(self) -> list[str]:
        """Names in its path."""
        return [part[1:-1] for part in self.template.split("/") if part.startswith("{")]

    @property
    def query(self) -> dict[str, dict[str, Any]]:
        """Its query parameters by name."""
        return {p["name"]: p for p in self.described.get("parameters", []) if p.get("in") == "query"}

    @property
    def example(self) -> Any:
        """The example of its body; None when it has no body."""
        content = self.described.get("requestBody", {}).get("content", {}).get("application/json", {})
        return content.get("example")

    @property
    def body_schema(self) -> dict[str, Any] | None:
        """The schema of its body."""
        content = self.described.get("requestBody", {}).get("content", {}).get("application/json", {})
        schema: dict[str, Any] | None = content.get("schema")
        return schema

    def path(self, objects: dict[str, str]) -> str:
        """Its path with these objects."""
        return self.template.format(**{name: objects[name] for name in self.path_parameters})

    @property
    def safe(self) -> bool:
        """Whether it changes nothing."""
        return self.method == "get" or "x-safe" in self.described

    @property
    def repeatable(self) -> bool:
        """Whether doing it again does nothing more, without a key or a version."""
        return "x-repeatable" in self.described

    @property
    def sent(self) -> set[str]:
        """The request headers it knows, by their names among the components of the document."""
        return {p["$ref"].rsplit("/", 1)[-1] for p in self.described.get("parameters", []) if "$ref" in p}

    def headers(self) -> dict[str, str]:
        """What it needs besides the body."""
        purpose = {"Purpose": "tests"} if "Purpose" in self.sent else {}
        return purpose if self.safe else {"Idempotency-Key": str(uuid4()), "If-Match": "*", **purpose}


@cache
def document() -> dict[str, Any]:
    """The OpenAPI document of the service."""
    return create_app(Settings()).openapi()


@cache
def operations() -> tuple[Operation, ...]:
    """All of them."""
    paths = document()["paths"].items()
    return tuple(Operation(method, path, op) for path, methods in paths for method, op in methods.items())


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema with its reference followed, and the null of an optional one left out."""
    while "$ref" in schema:
        schema = document()["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    if "anyOf" in schema:
        choices = [choice for choice in schema["anyOf"] if choice.get("type") != "null"]
        if len(choices) == 1:
            return resolved(choices[0])
    return schema
