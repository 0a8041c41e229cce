"""Results that have rows: their tables, their JSON, and how many of their rows are printed."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
from attrs import field, frozen
from survival_strategies import ARM, REMISSION, TREATED

from custvalue._columns import same
from custvalue._results import Rows, as_column, listing
from custvalue._typing import Array
from custvalue.churn.scores import Calibration, Curve, calibration, gains
from custvalue.churn.targeting import ProfitCurve, Selection, expected_churn_loss, profit_curve, select_customers
from custvalue.survival.kaplan_meier import kaplan_meier
from custvalue.survival.life_table import life_table
from custvalue.survival.log_rank import log_rank
from custvalue.survival.nelson_aalen import nelson_aalen

CAMPAIGN: dict[str, Any] = {"contact_cost": 1, "incentive": 10, "acceptance": 0.3}
RESULTS: dict[str, Any] = {
    "kaplan_meier": kaplan_meier(TREATED),
    "nelson_aalen": nelson_aalen(TREATED),
    "life_table": life_table(TREATED, length=7),
    "log_rank": log_rank(REMISSION, ARM),
    "gains": gains([1, 0, 1], [0.9, 0.5, 0.2]),
    "calibration": calibration([1, 0, 1], [0.9, 0.5, 0.2], bins=2),
    "profit_curve": profit_curve([0.9, 0.5], 100, **CAMPAIGN),
    "realized": profit_curve([0.9, 0.5], 100, **CAMPAIGN, y=[1, 0]),
    "select_customers": select_customers([5.0, 9.0, -1.0], budget=1),
    "expected_churn_loss": expected_churn_loss([0.9, 0.5], 100),
}
every_result = pytest.mark.parametrize("result", RESULTS.values(), ids=RESULTS)


@frozen
class Two(Rows):
    _columns: ClassVar = ("name", "a", "twice")

    name: tuple[str, ...] = field(converter=tuple)
    a: Array = field(converter=as_column, eq=same)

    @property
    def twice(self) -> Array:
        return 2 * self.a


@every_result
def test_a_table_is_columns_of_one_length(result: Any) -> None:
    table = result.table()
    frame = pd.DataFrame(table)
    assert len(frame) == len(result) > 0
    for name, column in table.items():
        np.testing.assert_array_equal(column, getattr(result, name))


@every_result
def test_json_gives_it_back(result: Any) -> None:
    assert type(result).from_json(result.to_json()) == result


def test_columns_may_be_computed_or_labels() -> None:
    table = Two(["x", "y"], [1.0, np.inf]).table()
    assert {name: column.tolist() for name, column in table.items()} == {
        "name": ["x", "y"],
        "a": [1.0, np.inf],
        "twice": [2.0, np.inf],
    }
    assert Two.from_json(Two(["x", "y"], [1.0, np.inf]).to_json()) == Two(["x", "y"], [1.0, np.inf])


def test_what_tables_hold() -> None:
    assert list(RESULTS["life_table"].table())[-2:] == ["retention", "survival"]
    assert RESULTS["log_rank"].table()["groups"].tolist() == ["6-MP", "placebo"]
    assert list(RESULTS["realized"].table()) == ["fraction", "expected", "realized"]
    assert list(RESULTS["profit_curve"].table()) == ["fraction", "expected"]
    assert RESULTS["select_customers"].table()["chosen"].dtype == bool


def test_results_are_of_one_kind() -> None:
    for kind in (Calibration, Curve, ProfitCurve, Selection):
        assert issubclass(kind, Rows)


def test_long_listings_leave_out_the_middle() -> None:
    def rows(n: int) -> list[str]:
        lines = listing("numbers", {"i": (4, "g", np.arange(n)), "span": (8, ".1f", np.zeros(n), np.ones(n))})
        return lines.split("\n")

    assert rows(1) == ["numbers", "   i    span", "   0" + "0.0 to 1.0"]
    assert len(rows(24)) == 26
    long = rows(1000)
    assert [line[:4].strip() for line in long[2:]] == [*map(str, range(12)), "...", *map(str, range(994, 1000))]
