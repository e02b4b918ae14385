"""What the trail says of personal data that were seen or searched by: which, never what."""

import hmac
from collections.abc import Mapping, Sequence
from typing import Any, Final

UNMASKED: Final = ("name", "id_number", "address", "phone")
"""Members of a party that are personal data; those with a value are what an unmasked read shows."""


def shown(parties: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Which members were shown of each party, by its number. The name of an organisation is never masked."""
    return {str(party["no"]): [name for name in UNMASKED if _was_masked(party, name)] for party in parties}


def _was_masked(party: Mapping[str, Any], name: str) -> bool:
    return party[name] is not None and not (name == "name" and party["kind"] == "organisation")


def digest_of(secret: bytes, id_number: str) -> str:
    """What stands for a searched number in the trail: the same for the same number, and no way back without the secret.

    Identity numbers are few enough to be tried one by one, so a digest without a key would not hide them.
    """
    return hmac.digest(hmac.digest(secret, b"party_search", "sha256"), id_number.encode(), "sha256").hex()
