"""What customers are worth: lifetime value, churn probability and discounting, exact and fast.

The names at the top are those in `__init__.pyi`, the one list, which type checkers read too. A name is loaded when it
is first asked for, so that `import custvalue` costs next to nothing.
"""

from custvalue._lazy import lazy

__version__ = "0.1.0"

__all__ = sorted([*lazy(__name__), "__version__"])  # noqa: PLE0605  # pyright: ignore[reportUnsupportedDunderAll]
