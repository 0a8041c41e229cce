"""What customers are worth: lifetime value, churn probability and discounting, exact and fast.

The names at the top are those in `__init__.pyi`, the one list, which type checkers read too. A name is loaded when it
is first asked for, so that `import custvalue` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any, Final


def _homes() -> dict[str, str]:
    """Where each public name is at home: its module, or its parent package where the name is a room."""
    lines = Path(__file__).with_suffix(".pyi").read_text("utf-8").splitlines()
    words = [line.split() for line in lines if line.startswith("from ")]
    return {name: home for _, home, _, name, *_ in words}


_HOMES: Final = _homes()

__version__ = "0.1.0"

__all__ = sorted([*_HOMES, "__version__"])  # noqa: PLE0605  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:  # noqa: ANN401 (any of the public names)
    if name not in _HOMES:
        raise AttributeError(f"module 'custvalue' has no attribute {name!r}")
    home = _HOMES[name]
    room = home in {"custvalue", "custvalue.value"}
    value = import_module(f"{home}.{name}") if room else getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
