"""What a model of buying needs of a log: histories, the times between purchases, or chances taken."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from custvalue.errors import DataError, ParameterError
from custvalue.evidence.opportunities import Opportunities
from custvalue.evidence.rfm import RFM
from custvalue.models.buying.engines.erlang_purchases import RegularModel


def takes_opportunities(model: Any) -> bool:  # noqa: ANN401 (a class of model, or "auto")
    """Whether the model is in discrete time."""
    return isinstance(model, type) and getattr(model, "_evidence", None) is Opportunities


def needs(model: Any, options: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ANN401 (a class of model, or "auto")
    """The options of reading a log that a model asks for.

    Raises
    ------
    ParameterError
        They contradict those given.
    """
    if isinstance(model, type) and issubclass(model, RegularModel):
        return {"log_spacing": True}
    if not takes_opportunities(model):
        return {}
    unit = options.get("unit", "week")
    if options.get("collapse", unit) not in (unit, "day"):
        raise ParameterError(
            f"{model.__name__} counts the purchases of a {unit} as one: leave collapse out, or choose another unit"
        )
    return {"collapse": unit}


def evidence_for(
    model: Any,  # noqa: ANN401 (a class of model, or "auto")
    log: Any,  # noqa: ANN401 (any dataframe, path or mapping)
    rfm: RFM,
    columns: Mapping[str, str],
    options: Mapping[str, Any],
) -> RFM | Opportunities:
    """The evidence of the customers of an RFM that the model is fitted to: the RFM itself, or their opportunities.

    Raises
    ------
    DataError
        Observation ends within a period, so that the two would not be of the same customers and purchases.
    """
    if not takes_opportunities(model):
        return rfm
    names = ("observed_until", "refunds", "first_purchase_from", "timezone")
    passed: dict[str, Any] = {**columns, **{name: options[name] for name in names if name in options}}
    rows = Opportunities.from_transactions(log, opportunities=rfm.unit, **passed)
    if not (np.array_equal(rows.ids, rfm.ids) and np.array_equal(rows.x, rfm.x)):  # type: ignore[arg-type]
        raise DataError(
            f"{model.__name__} needs complete {rfm.unit}s, and observation ends within one: take unit='week' or "
            f"unit='day', say observed_until if it ended with a {rfm.unit}, or leave out what came after the last "
            "complete one"
        )
    return rows
