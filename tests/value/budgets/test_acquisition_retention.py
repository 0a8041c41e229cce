"""Blattberg and Deighton's budgets: published form, Pfeifer's first-order conditions, and no better neighbor."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import log_uniform

from custvalue.discounting.rate import Rate
from custvalue.errors import ParameterError
from custvalue.value.budgets.acquisition_retention import (
    ResponseCurve,
    acquisition_budget,
    customer_equity_budget,
    equity_per_prospect,
)

FIFTH = Rate.annual(0.20)
WIN = ResponseCurve.from_point(ceiling=0.4, spend=5, share=0.125)
KEEP = ResponseCurve.from_point(ceiling=0.7, spend=10, share=0.4)


def test_calibration() -> None:
    """k = -ln(1 - a/C)/A through $5 → 12.5 % of 40 % (numbers constructed in the paper's form)."""
    assert WIN.k == pytest.approx(0.07493868988828215, rel=1e-14)
    assert KEEP.k == pytest.approx(0.08472978603872038, rel=1e-14)
    assert WIN.share(5) == pytest.approx(0.125, rel=1e-14)
    assert WIN.slope(5) == pytest.approx((WIN.share(5 + 1e-6) - WIN.share(5 - 1e-6)) / 2e-6, rel=1e-8)


def test_the_best_acquisition_budget() -> None:
    best = acquisition_budget(60, WIN)
    found = [best.spend, best.share, best.value, best.marginal_cost]
    np.testing.assert_allclose(found, [7.832654444741845, 0.17759596956507823, 2.823103729162849, 60.0], rtol=1e-13)


def test_the_best_budgets_of_both_kinds() -> None:
    """Values of a Nelder-Mead search with the same inputs, good to 1e-6; here they are closed forms."""
    at = equity_per_prospect(60, WIN, KEEP, rate=FIFTH, acquisition_spend=5, retention_spend=10, unit="year")
    assert at == pytest.approx(4.6875, rel=1e-14)
    best = customer_equity_budget(60, WIN, KEEP, rate=FIFTH, unit="year")
    found = [best.acquisition.spend, best.retention_spend, best.equity]
    np.testing.assert_allclose(found, [12.134363058245434, 18.786143985277924, 7.650700060297615], rtol=1e-6)


curves = st.tuples(st.floats(0.01, 0.999), log_uniform(1e-3, 10.0))


@given(log_uniform(0.01, 1e4), curves, curves, log_uniform(1e-3, 1.0))
def test_pfeifers_conditions_hold_and_no_neighbor_is_better(
    margin: float, win: tuple[float, float], keep: tuple[float, float], d: float
) -> None:
    """Pfeifer (2005): where money is spent, the last customer won and the last one kept cost what one is worth."""
    rate, win_, keep_ = Rate.annual(d), ResponseCurve(*win), ResponseCurve(*keep)
    best = customer_equity_budget(margin, win_, keep_, rate=rate, unit="year")
    A, R = float(best.acquisition.spend), float(best.retention_spend)
    for spend, marginal in ((A, best.acquisition.marginal_cost), (R, best.marginal_retention_cost)):
        if spend > 0:
            assert marginal == pytest.approx(float(best.customer_value), rel=1e-9)
        else:
            assert marginal >= best.customer_value * (1 - 1e-12)

    def equity(a: float, r: float) -> float:
        return float(
            equity_per_prospect(margin, win_, keep_, rate=rate, acquisition_spend=a, retention_spend=r, unit="year")
        )

    top = equity(A, R)
    assert best.equity == pytest.approx(top, rel=1e-9, abs=1e-12 * margin)
    for step in (1e-3, 0.1, 1.0, 10.0):
        for a, r in ((A + step, R), (A, R + step), (max(A - step, 0), R), (A, max(R - step, 0)), (A + step, R + step)):
            assert equity(a, r) <= top + 1e-12 * (1 + margin)


def test_where_nothing_is_worth_spending() -> None:
    dear = ResponseCurve(0.4, 1e-6)
    best = customer_equity_budget(60, dear, dear, rate=FIFTH, unit="year")
    assert best.acquisition.spend == best.retention_spend == best.retention == best.equity == 0
    assert best.customer_value == 60
    none = customer_equity_budget(60, ResponseCurve(0.0, 1.0), ResponseCurve(0.0, 1.0), rate=FIFTH, unit="year")
    assert none.equity == 0
    assert none.marginal_retention_cost == np.inf


def test_margins_so_large_that_lamberts_function_overflows() -> None:
    best = customer_equity_budget(1e6, WIN, KEEP, rate=FIFTH, unit="year")
    assert best.marginal_retention_cost == pytest.approx(float(best.customer_value), rel=1e-9)


def test_grids_of_inputs() -> None:
    best = customer_equity_budget([[30], [60]], WIN, KEEP, rate=Rate.annual([0.1, 0.2, 0.3]), unit="year")
    assert best.equity.shape == (2, 3)
    assert best.equity[1, 1] == customer_equity_budget(60, WIN, KEEP, rate=FIFTH, unit="year").equity
    several = ResponseCurve([0.2, 0.4], [0.1, 0.2])
    assert acquisition_budget([[10], [20], [30]], several).spend.shape == (3, 2)


def test_what_is_refused() -> None:
    with pytest.raises(ParameterError, match="0 < share < ceiling must hold"):
        ResponseCurve.from_point(ceiling=0.4, spend=5, share=0.4)
    with pytest.raises(ParameterError, match="k must be > 0"):
        ResponseCurve(0.4, 0)
    with pytest.raises(ParameterError, match="ceiling of retention must stay below"):
        customer_equity_budget(60, WIN, ResponseCurve(1.0, 0.1), rate=Rate.zero(), unit="year")
    with pytest.raises(ParameterError, match="rate must be a Rate"):
        customer_equity_budget(60, WIN, KEEP, rate=0.2, unit="year")  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="spend must be >= 0"):
        WIN.share(-1)


def test_curves_are_values() -> None:
    assert ResponseCurve(0.4, 0.1) == ResponseCurve(0.4, 0.1)
    assert ResponseCurve(0.4, 0.1) != ResponseCurve(0.4, 0.2)
