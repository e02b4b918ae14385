"""`app.cli clients …`: systems that may call, what they prove themselves with and what they may see."""

import json
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from app.commands.base import OPERATOR, change, on_database
from app.db import SeenBy
from app.preflight import Refused
from app.services import reference
from app.services.access import CLASSES
from app.services.clients import commands
from app.services.clients.keys import Keys, UnusableKey, key_of_pem, public, registered_keys
from app.services.clients.queries import list_clients

Clearance = Literal["ordinary", "restricted", "secret"]

app = typer.Typer(no_args_is_help=True, help="Systems that may call, their secrets and what they may see.")

ClientId = Annotated[str, typer.Argument(help="id of the client")]
KeyFiles = Annotated[
    list[Path], typer.Option("--key", help="file with a public key: PEM, JWK or JWK set; may be repeated")
]
KeepDays = Annotated[
    int, typer.Option("--keep-days", min=0, max=90, help="days the secret before is good for; 0 ends it at once")
]
Level = Annotated[Clearance | None, typer.Option(help="highest confidentiality class it may see")]
Institution = Annotated[str | None, typer.Option(help="code of the only party whose cases it may see; '' for all")]
OutsideIssuer = Annotated[
    str | None, typer.Option("--issuer", help="trusted issuer that may speak for it and its people; '' for none")
]


@app.command("list")
def list_all() -> None:
    """Every client: state, name, units, scopes, clearance, institution, issuer, number of secrets and of keys."""
    for found in on_database(list_clients):
        state = "disabled" if found.disabled else "enabled"
        sees = [",".join(found.units), " ".join(found.scopes), CLASSES[found.clearance], found.institution or "-"]
        proves = [found.issuer or "-", f"secrets={found.secrets}", f"keys={found.keys}"]
        typer.echo("\t".join([found.id, state, found.name, *sees, *proves]))


@app.command()
def register(
    client_id: ClientId,
    name: Annotated[str, typer.Option(help="name of the system and its owner")],
    scope: Annotated[list[str], typer.Option(help="scope; may be repeated")],
    unit: Annotated[list[str], typer.Option(help="code of a unit whose subtree it may see; may be repeated")],
    key: KeyFiles = [],  # noqa: B006 - typer reads the default, nobody changes it
    clearance: Annotated[Clearance, typer.Option(help="highest confidentiality class it may see")] = "ordinary",
    institution: Institution = None,
    issuer: OutsideIssuer = None,
) -> None:
    """Creates a client and prints its secret, the only time it is shown; with --key it has keys and no secret."""
    keys = _keys(key) if key else None

    async def work(db: SeenBy) -> str | None:
        about: dict[str, Any] = {
            "client_id": client_id,
            "name": name,
            "scopes": frozenset(scope),
            "unit_ids": await _unit_ids(db, unit),
            "clearance": CLASSES.index(clearance),
            "institution": institution or None,
            "issuer": issuer or None,
        }
        if keys is None:
            return await db.write(partial(commands.register, actor=OPERATOR, **about))
        return await db.write(partial(commands.register_with_keys, actor=OPERATOR, keys=keys, **about))

    secret = on_database(work)
    if secret is not None:
        typer.echo(secret)


@app.command()
def secret(client_id: ClientId, keep_days: KeepDays = 7) -> None:
    """Gives a client a new secret and prints it; of those before, the last is good for some days more."""
    keep = timedelta(days=keep_days)
    typer.echo(change(lambda session: commands.replace_secret(session, OPERATOR, client_id, keep)))


@app.command("keys")
def replace_keys(client_id: ClientId, key: KeyFiles, keep_days: KeepDays = 7) -> None:
    """Replaces the keys a client signs assertions with: name old and new ones to let them overlap."""
    given, keep = _keys(key), timedelta(days=keep_days)
    change(lambda session: commands.replace_keys(session, OPERATOR, client_id, given, keep))


@app.command()
def disable(client_id: ClientId) -> None:
    """Shuts a client out at once."""
    change(lambda session: commands.set_disabled(session, OPERATOR, client_id, disabled=True))


@app.command()
def enable(client_id: ClientId) -> None:
    """Lets a client in again."""
    change(lambda session: commands.set_disabled(session, OPERATOR, client_id, disabled=False))


@app.command()
def grant(
    client_id: ClientId,
    unit: Annotated[list[str] | None, typer.Option(help="code of a unit; all of them replace those it has")] = None,
    scope: Annotated[list[str] | None, typer.Option(help="scope; all of them replace those it has")] = None,
    clearance: Level = None,
    institution: Institution = None,
    issuer: OutsideIssuer = None,
) -> None:
    """Changes what a client may do and see; what is not named stays."""

    async def work(db: SeenBy) -> None:
        values: dict[str, Any] = {
            "unit_ids": await _unit_ids(db, unit) if unit else None,
            "scopes": frozenset(scope) if scope else None,
            "clearance": CLASSES.index(clearance) if clearance else None,
            "institution": institution,
            "issuer": issuer,
        }
        await db.write(lambda session: commands.amend(session, OPERATOR, client_id, **values))

    on_database(work)


def _keys(files: list[Path]) -> Keys:
    """The public keys in these files."""
    try:
        return registered_keys([jwk for file in files for jwk in _jwks(file.read_bytes())])
    except OSError as error:
        raise Refused(f"cannot read {error.filename}") from error
    except UnusableKey as error:
        raise Refused(f"these keys cannot be used: {error}") from error


def _jwks(content: bytes) -> list[Any]:
    if content.lstrip().startswith(b"-----BEGIN"):
        key = key_of_pem(content)
        if key.is_private:
            raise UnusableKey("a private key, where only the public half may be")
        return [public(key).as_dict(private=False)]
    try:
        document = json.loads(content)
    except ValueError:
        raise UnusableKey("neither PEM nor JSON") from None
    listed = document.get("keys", [document]) if isinstance(document, dict) else None
    return listed if isinstance(listed, list) else []


async def _unit_ids(db: SeenBy, codes: list[str]) -> list[str]:
    """Ids of the units of today with these codes."""
    known = await reference.load(db)
    found = {code: known.unit_of_code(code) for code in codes}
    if unknown := sorted(code for code, unit in found.items() if unit is None):
        raise Refused(f"no such unit: {', '.join(unknown)}")
    return [unit.id for unit in found.values() if unit is not None]
