"""`python -m bench.exports`: how fast a long list is written in each form, and what memory that takes.

The list is made up, so that neither the database nor HTTP is in it. See docs/decisions/0029-exports.md.
"""

import asyncio
import resource
import time
from typing import Annotated, Any, Final

import orjson
import typer
from starlette.responses import Response

from app.api.exports import ENDINGS, Collection, Form
from app.api.pagination import Page
from app.api.v1.schemas.cases import PAGE_EXAMPLE, CasePage

LONG_ENOUGH: Final = 3_600


def main(items: Annotated[int, typer.Option(min=1, help="items of the list")] = 60_000) -> None:
    """Prints a line for each form, and one for reading a page of JSON again."""
    item = PAGE_EXAMPLE["items"][0]
    page = orjson.dumps([item] * 500)
    begun = time.perf_counter()
    orjson.loads(page)
    print(f"a page of 500 read again: {(time.perf_counter() - begun) * 1000:.1f} ms")
    for kind in ENDINGS:
        print(asyncio.run(_measured(item, items, kind)))


async def _measured(item: dict[str, Any], items: int, kind: str) -> str:
    async def read(page: Page) -> Response:
        first = int(page.cursor or 0)
        last = min(items, first + page.limit)
        listed = [{**item, "file_no": f"{number}/HS"} for number in range(first, last)]
        return Response(orjson.dumps({"items": listed, "next": str(last) if last < items else None}))

    before, begun, size = _peak(), time.perf_counter(), 0
    async for piece in Collection("/cases", CasePage).produced(read, Form(kind), LONG_ENOUGH):
        size += len(piece)
    seconds = time.perf_counter() - begun
    rate = f"{items / seconds:,.0f} items a second"
    return f"{ENDINGS[kind]}: {rate}, {size / 1e6:.1f} MB, peak of memory {_peak() - before:+.1f} MB"


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    typer.run(main)
