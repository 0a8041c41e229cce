"""Discounting: rates, curves, present values and the measures that rest on them.

The names are those in `__init__.pyi`; each is loaded when it is first asked for, as every model imports `Rate` alone.
"""

from custvalue._lazy import lazy

__all__ = lazy(__name__)  # noqa: PLE0605  # pyright: ignore[reportUnsupportedDunderAll]
