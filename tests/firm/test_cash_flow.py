"""Free cash flow: the formula, taxes on losses, firms that cannot be."""

from __future__ import annotations

import attrs
import numpy as np
import pytest

from custvalue.errors import ParameterError
from custvalue.firm.cash_flow import Firm, free_cash_flow
from custvalue.firm.projection import Projection


def a_firm(**changed):
    given = {"variable_cost": 0.6, "acquisition_cost": 50.0, "fixed_costs": 20.0, "tax": 0.25, "losses": "refund"}
    return Firm(**(given | changed))


def money(revenue, adds=0.0):
    """A projection that is nothing but its revenue."""
    revenue = np.asarray(revenue, dtype=np.float64)
    return Projection("year", np.broadcast_to(adds, revenue.shape), np.zeros(revenue.shape), revenue)


def test_free_cash_flow_is_the_formula():
    firm = a_firm(
        capital_expenditure=0.08,
        depreciation=0.05,
        working_capital=0.1,
        last_revenue=900.0,
        other_investment=[1.0, 2.0],
    )
    flow = free_cash_flow(firm, money([1000.0, 1100.0], adds=[2, 3]))
    expected = [
        (1000 * 0.4 - 20 - 100) * 0.75 - 0.03 * 1000 - 0.1 * 100 - 1,
        (1100 * 0.4 - 20 - 150) * 0.75 - 0.03 * 1100 - 0.1 * 100 - 2,
    ]
    np.testing.assert_allclose(flow.total, expected, rtol=1e-13)
    parts = flow.table()
    inflow = parts["contribution"] - parts["acquisition_cost"] - parts["fixed_costs"]
    np.testing.assert_allclose(inflow - parts["tax"] - parts["investment"], parts["free_cash_flow"])


def test_what_tax_does_with_losses():
    income = [-100.0, 30.0, 90.0, -10.0, 30.0]
    taxes = {}
    for losses in ("refund", "carry_forward", "none"):
        firm = Firm(variable_cost=0, acquisition_cost=1, fixed_costs=0, tax=0.5, losses=losses)
        taxes[losses] = free_cash_flow(firm, money(np.array(income) + 100.0, adds=100.0)).tax
    np.testing.assert_allclose(taxes["refund"], [-50, 15, 45, -5, 15])
    np.testing.assert_allclose(taxes["carry_forward"], [0, 0, 10, 0, 10])
    np.testing.assert_allclose(taxes["none"], [0, 15, 45, 0, 15])


def test_a_firm_is_a_value():
    assert a_firm(tax=[0.2, 0.3]) == a_firm(tax=[0.2, 0.3])
    assert a_firm() == attrs.evolve(a_firm(tax=0.1), tax=0.25)
    assert hash(a_firm()) == hash(a_firm())


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"variable_cost": 1.4}, "variable_cost must lie between 0 and 1"),
        ({"tax": -0.1}, "tax must lie between 0 and 1"),
        ({"acquisition_cost": -1}, "acquisition_cost must be >= 0"),
        ({"fixed_costs": np.nan}, "fixed_costs must be finite"),
        ({"losses": "ignored"}, "'carry_forward'"),
        ({"working_capital": 0.1}, "last_revenue must be given with working_capital"),
        ({"shares": 0}, "shares must be > 0"),
    ],
)
def test_firms_that_cannot_be(changed, message):
    with pytest.raises(ParameterError, match=message):
        a_firm(**changed)


def test_as_many_draws_as_periods_are_rows():
    firm = a_firm(fixed_costs=[10.0, 20.0], tax=[[0.1], [0.2]])
    taxed = free_cash_flow(firm, money([1000.0, 1100.0])).tax
    np.testing.assert_allclose(taxed, [[39.0, 42.0], [78.0, 84.0]])
