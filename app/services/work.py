"""What every command works with: its transaction, the reference data, who may see what and who is responsible."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from app.services.access import Actor, Caller
from app.services.reference import Reference


@dataclass(frozen=True, slots=True)
class Work:
    """One unit of work; lives as long as its transaction."""

    session: AsyncSession
    ref: Reference
    caller: Caller
    actor: Actor
