"""What operators ask about clients."""

from dataclasses import dataclass

from app.db import Reads


@dataclass(frozen=True, slots=True)
class ClientSummary:
    """A client as operators see it; never its secret, only what it may prove itself with."""

    id: str
    name: str
    scopes: tuple[str, ...]
    units: tuple[str, ...]
    disabled: bool
    clearance: int
    institution: str | None
    issuer: str | None
    secrets: int
    keys: int


async def list_clients(db: Reads) -> list[ClientSummary]:
    """Every client with the codes of the units granted to it."""
    rows = await db.fetch(
        """
        SELECT c.id, c.name, c.scopes,
            ARRAY(SELECT u.code FROM client_grant g JOIN unit u ON u.id = g.unit_id
                  WHERE g.client_id = c.id ORDER BY u.code),
            c.disabled, c.clearance, c.institution, c.issuer,
            num_nonnulls(c.secret_hash, CASE WHEN c.old_secret_until > now() THEN c.old_secret_hash END),
            coalesce(jsonb_array_length(c.jwks -> 'keys'), 0)
        FROM client c ORDER BY c.id
        """
    )
    return [ClientSummary(row[0], row[1], tuple(row[2]), tuple(row[3]), *row[4:]) for row in rows]
