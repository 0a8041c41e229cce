"""Packages whose public names, those of their `__init__.pyi`, are loaded when they are first asked for."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any


class _Lazy(ModuleType):
    """A package that knows where its public names are at home."""

    _homes: dict[str, str]

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 (any of the public names)
        home = self.__dict__["_homes"].get(name)
        if home is None:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        value = getattr(import_module(home), name, None) if home != self.__name__ else None
        if value is None:
            value = import_module(f"{home}.{name}")
        self.__dict__[name] = value
        return value

    def __setattr__(self, name: str, value: object) -> None:
        # Python makes a file an attribute of its package once it is loaded: `irr`, the file, must not hide `irr`, the
        # function in it
        if not (isinstance(value, ModuleType) and self._homes.get(name) == value.__name__):
            super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return list(self.__dict__["__all__"])


def lazy(package: str) -> list[str]:
    """Make a package load its names lazily; return them."""
    module = sys.modules[package]
    lines = Path(str(module.__file__)).with_suffix(".pyi").read_text("utf-8").splitlines()
    words = [line.split() for line in lines if line.startswith("from ")]
    module.__dict__["_homes"] = {name: home for _, home, _, name, *_ in words}
    module.__class__ = _Lazy
    return sorted(module.__dict__["_homes"])
