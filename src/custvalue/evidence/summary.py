"""A transaction log in short: its customers' columns, and what the whole log held."""

from __future__ import annotations

from typing import Any, Self, Unpack

from attrs import field, frozen

from custvalue.evidence.logs.log import Facts, Log
from custvalue.evidence.logs.options import LogOptions, Options
from custvalue.evidence.logs.reading import open_log
from custvalue.evidence.rfm import RFM


@frozen
class Summary:
    """The customers of a log, and the facts of the whole log beside them.

    Attributes
    ----------
    rfm : RFM
        The customers' histories, in the order of their ids.
    facts : Facts
        Rows, first and last day, end of observation, total spend, ...; whatever is left out of the histories.
    """

    rfm: RFM = field()
    facts: Facts = field()

    @classmethod
    def of(cls, opened: Log) -> Self:
        """The summary of a log that is open."""
        return cls(RFM(**opened.rfm()), opened.facts())


def summarize(
    log: Any,  # noqa: ANN401 (any dataframe, path or mapping)
    **options: Unpack[LogOptions],
) -> Summary:
    """Reduce a transaction log to its customers and its facts; the arguments are those of `RFM.from_transactions`."""
    return Summary.of(open_log(log, Options(**options)))
