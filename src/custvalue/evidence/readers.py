"""Every kind of log that can be read: a mapping of arrays, any dataframe, a CSV or Parquet file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from custvalue.errors import DataError
from custvalue.evidence import _messages as say
from custvalue.evidence._arrays import ArrayLog, array_log
from custvalue.evidence._native import as_column
from custvalue.evidence._terms import Terms
from custvalue.evidence._views import Log


def open_log(log: Any, terms: Terms) -> Log:  # noqa: ANN401 (any dataframe, path or mapping)
    """Check a log's columns and values and make it ready to be reduced."""
    if isinstance(log, Mapping):
        say.check_names(terms.columns, [str(name) for name in log])
        return _from_columns({name: log[name] for name in terms.columns}, terms)
    if type(log).__module__.partition(".")[0] == "pandas" and hasattr(log, "columns"):
        say.check_names(terms.columns, list(map(str, log.columns)))
        return _from_columns({name: log[name] for name in terms.columns}, terms)
    raise DataError(f"cannot read a log of type {type(log).__name__}")


def _from_columns(columns: Mapping[str, Any], terms: Terms) -> ArrayLog:
    read = [as_column(columns[name], terms.timezone) for name in terms.columns]
    return array_log(read[0], read[1], read[2] if terms.amount is not None else None, terms)
