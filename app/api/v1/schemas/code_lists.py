"""The contract of code lists (danh mục mã)."""

from typing import Any, Final

from pydantic import Field

from app.api.v1.schemas import samples
from app.api.v1.schemas.base import Code, Count, Strict
from app.services.code_lists import queries


class Texts(Strict):
    """The same text in both languages of the service."""

    vi: str = Field(description="Vietnamese", examples=["Chưa có điều kiện thi hành"])
    en: str = Field(description="English", examples=["No conditions"])


class CodeListItem(Strict):
    """A code list in the list of lists."""

    code: Code = Field(description="name of the list in paths", examples=["case-states"])
    name: Texts = Field(description="what the list holds")
    count: Count = Field(description="number of codes", examples=[14])


class CodeListPage(Strict):
    """A page of code lists."""

    items: list[CodeListItem] = Field(description="lists in order of their codes")
    next: str | None = Field(description="cursor of the next page; null on the last one", examples=[None])


class CodeOut(Strict):
    """One code."""

    code: str = Field(description="what is sent and received", examples=["no_conditions"])
    label: Texts = Field(description="what people are shown")
    meaning: Texts | None = Field(description="what the code means, where the label does not say it all")
    legal_basis: str | None = Field(
        description="where the law defines the term; articles before 2026-07-01 are those of the Law of 2008",
        examples=["Điều 44a Luật Thi hành án dân sự 2008 (sửa đổi, bổ sung 2014, 2022)"],
    )


class CodeListOut(Strict):
    """A closed list of codes: the service sends and accepts no others."""

    code: Code = Field(description="name of the list in paths", examples=["case-states"])
    name: Texts = Field(description="what the list holds")
    codes: list[CodeOut] = Field(description="codes in their usual order")


def code_list_item(listed: queries.CodeList) -> dict[str, Any]:
    """A list as `CodeListItem`."""
    return {"code": listed.code, "name": listed.name, "count": len(listed.codes)}


def code_list_out(listed: queries.CodeList) -> dict[str, Any]:
    """A list as `CodeListOut`."""
    return {"code": listed.code, "name": listed.name, "codes": [_code(code) for code in listed.codes]}


def _code(code: queries.Code) -> dict[str, Any]:
    return {"code": code.code, "label": code.label, "meaning": code.meaning, "legal_basis": code.legal_basis}


ITEM_EXAMPLE: Final = samples.example_of(CodeListItem, code_list_item(queries.CODE_LISTS["initiations"]))
PAGE_EXAMPLE: Final = samples.example_of(CodeListPage, {"items": [ITEM_EXAMPLE], "next": None})
OUT_EXAMPLE: Final = samples.example_of(CodeListOut, code_list_out(queries.CODE_LISTS["initiations"]))
