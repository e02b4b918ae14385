"""The systems a newcomer tries the service as: the nation's portal, a province's, an integration partner, a bank."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.clients import client
from app.models.organisation import unit
from app.services.access import ORDINARY, RESTRICTED, ROOT, SECRET, Actor
from app.services.clients.commands import register
from app.services.clients.rules import SCOPES
from app.services.demo.names import institution_code

READING: Final = frozenset(scope for scope in SCOPES if scope.endswith(":read")) - {"audit:read"}
DEMO: Final = Actor("demo", reason="demo clients", source="plan")


@dataclass(frozen=True, slots=True)
class DemoClient:
    """A client of the demo and the path of the unit it may see with everything below."""

    id: str
    name: str
    scopes: frozenset[str]
    unit_path: str
    clearance: int = ORDINARY
    institution: str | None = None


NATIONAL: Final = DemoClient(
    "demo-national", "Cổng thông tin điều hành (thử nghiệm)", frozenset(SCOPES), "vn.", clearance=SECRET
)
PROVINCIAL: Final = DemoClient(
    "demo-province",
    "Cổng thông tin THADS tỉnh Phú Thọ (thử nghiệm)",
    READING | {"cases:write", "targets:write", "officers:write", "reports:write", "jobs:write", "administrative:write"},
    "vn.t25.",
    clearance=RESTRICTED,
)
PARTNER: Final = DemoClient(
    "demo-partner",
    "Hệ thống đối tác tích hợp (thử nghiệm)",
    frozenset(
        {"cases:read", "cases:write", "changes:read", "sync:write", "webhooks:write", "jobs:write"}
        | {"units:read", "officers:read", "matters:read", "reference:read"}
    ),
    "vn.t25.k01.",
)
BANK: Final = DemoClient(
    "demo-bank",
    "Hệ thống của một ngân hàng (thử nghiệm)",
    frozenset({"cases:read", "units:read", "officers:read", "reference:read", "jobs:write"}),
    ROOT,
    institution=institution_code("Sông Hậu"),
)
CLIENTS: Final = (NATIONAL, PROVINCIAL, PARTNER, BANK)


async def ensure_clients(session: AsyncSession) -> None:
    """Registers those of the demo clients that are missing; their secrets are given out by `clients secret`."""
    known = set((await session.execute(select(client.c.id))).scalars())
    for wanted in CLIENTS:
        if wanted.id in known:
            continue
        granted = (await session.execute(select(unit.c.id).where(unit.c.path == wanted.unit_path))).scalars()
        await register(
            session,
            DEMO,
            client_id=wanted.id,
            name=wanted.name,
            scopes=wanted.scopes,
            unit_ids=[str(unit_id) for unit_id in granted],
            clearance=wanted.clearance,
            institution=wanted.institution,
        )
