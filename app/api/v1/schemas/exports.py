"""The contract of exports that are made in the background."""

from typing import Annotated, Any, Final, Literal

from pydantic import Field, StringConstraints

from app.api.v1.schemas.base import Strict

Name = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,50}$")]
Value = Annotated[str, StringConstraints(max_length=500)]


class ExportNew(Strict):
    """A list, its filters, and the form it is wanted in."""

    path: Annotated[str, StringConstraints(pattern=r"^/v1(/[A-Za-z0-9._-]+)+$", max_length=300)] = Field(
        description="path of the list", examples=["/v1/cases"]
    )
    query: Annotated[dict[Name, Value | Annotated[list[Value], Field(max_length=100)]], Field(max_length=50)] = Field(
        default_factory=dict,
        description="its filters, as they stand in a query string; a list for one that is repeated",
        examples=[{"state": "enforcing"}],
    )
    form: Literal["csv", "ndjson", "xlsx"] = Field(description="the form of the file", examples=["xlsx"])
    bom: bool = Field(default=False, description="whether CSV begins with a byte order mark", examples=[False])


EXAMPLE: Final[dict[str, Any]] = {"path": "/v1/cases", "query": {}, "form": "xlsx", "bom": False}
