"""Names of a package imported on first use (PEP 562), so that importing the package loads none of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazy_names(
    package: dict[str, Any], homes: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """``__getattr__`` and ``__dir__`` of the package whose ``globals()`` are given.

    homes  name → the module that defines it, or the module itself if the package has one of that name
    """
    name_of_package = package["__name__"]

    def get(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {name_of_package!r} has no attribute {name!r}")
        module = import_module(homes[name])
        return module if homes[name] == f"{name_of_package}.{name}" else getattr(module, name)

    return get, lambda: sorted({*package, *homes})
