"""The library's exceptions: what rule was broken, where, and how to mend it."""

from __future__ import annotations

from typing import Any


class CustValueError(Exception):
    """Anything that custvalue refuses to do."""


class DataError(CustValueError, ValueError):
    """The data break a rule; the message names the rule, the first rows that break it, and the remedy."""


class ParameterError(CustValueError, ValueError):
    """A parameter or an argument is outside its domain; the message names it and the domain."""


class ConvergenceError(CustValueError, RuntimeError):
    """The likelihood has no interior maximum, or none was reached.

    Attributes
    ----------
    fit : Fit or None
        Where the search ended, for inspection; not an estimate.
    """

    def __init__(self, message: str, fit: Any = None) -> None:  # noqa: ANN401 (Fit stands above this module)
        super().__init__(message)
        self.fit = fit
