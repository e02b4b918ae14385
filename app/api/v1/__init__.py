"""Version 1 of the contract: every module here that has a `router` belongs to it."""

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

from fastapi import APIRouter


def modules() -> Iterator[ModuleType]:
    """The router modules of this package, in the order of their names."""
    for info in iter_modules(__path__, f"{__name__}."):
        module = import_module(info.name)
        if isinstance(getattr(module, "router", None), APIRouter):
            yield module
