"""What operators ask about clients."""

from dataclasses import dataclass

from app.db import Database


@dataclass(frozen=True, slots=True)
class ClientSummary:
    """A client as operators see it; never its secret."""

    id: str
    name: str
    scopes: tuple[str, ...]
    units: tuple[str, ...]
    disabled: bool


async def list_clients(db: Database) -> list[ClientSummary]:
    """Every client with the codes of the units granted to it."""
    rows = await db.fetch(
        """
        SELECT c.id, c.name, c.scopes,
            ARRAY(SELECT u.code FROM client_grant g JOIN unit u ON u.id = g.unit_id
                  WHERE g.client_id = c.id ORDER BY u.code),
            c.disabled
        FROM client c ORDER BY c.id
        """
    )
    return [ClientSummary(row[0], row[1], tuple(row[2]), tuple(row[3]), row[4]) for row in rows]
