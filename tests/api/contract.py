"""The OpenAPI document as a judge: whatever the service answers must be what it promises."""

import json
from typing import Any

import httpx
import jsonschema_rs
from fastapi import FastAPI

from app.api.index import RouteIndex


class Contract:
    """Finds the promise behind an answer and compares."""

    def __init__(self, app: FastAPI) -> None:
        self.document: dict[str, Any] = app.openapi()
        self._index: RouteIndex = app.state.index
        self._validators: dict[str, Any] = {}

    def operation(self, method: str, path: str) -> tuple[str, dict[str, Any]] | None:
        """Template and operation object of a request; None when the document does not have it."""
        found = self._index.find(path)
        template = found[0].template if found else ""
        operation = self.document["paths"].get(template, {}).get(method.lower())
        return (template, operation) if operation else None

    def check(self, response: httpx.Response) -> None:
        """Status, media type and body are those the operation documents."""
        request = response.request
        found = self.operation(request.method, request.url.path)
        if found is None or response.status_code in (304, 414, 431):
            return
        template, operation = found
        where = f"{request.method} {template} → {response.status_code}"
        promised = self.resolved(operation["responses"].get(str(response.status_code)))
        assert promised is not None, f"{where} is not documented"
        content = promised.get("content", {})
        kind = response.headers.get("content-type", "").split(";")[0]
        if not content:
            assert response.read() == b"", f"{where} has a body it does not document"
            return
        assert kind in content, f"{where} answers with {kind}"
        if kind.endswith("ndjson"):
            for line in response.read().splitlines():
                self.validate(content[kind]["schema"], json.loads(line), where)
        elif kind.endswith("json"):
            response.read()
            self.validate(content[kind]["schema"], response.json(), where)

    def validate(self, schema: dict[str, Any], value: Any, where: str) -> None:
        """The value is valid against a schema of the document."""
        key = repr(schema)
        if key not in self._validators:
            whole = {**schema, "components": self.document["components"]}
            self._validators[key] = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
        errors = [f"{error.instance_path}: {error.message}" for error in self._validators[key].iter_errors(value)]
        assert not errors, f"{where}: {errors[:5]}"

    def resolved(self, value: dict[str, Any] | None) -> dict[str, Any] | None:
        """What a reference into the document leads to."""
        while value is not None and "$ref" in value:
            section, name = value["$ref"].split("/")[-2:]
            value = self.document["components"][section][name]
        return value
