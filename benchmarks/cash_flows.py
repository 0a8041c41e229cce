"""Cash flows of many customers, each with a number of their own, beside pyxirr and numpy-financial."""

from __future__ import annotations

import functools
from itertools import pairwise

import numpy as np
import numpy_financial
import pyxirr
from harness import Row, alternate

from custvalue.discounting.cash_flow_batch import CashFlowBatch
from custvalue.discounting.irr import internal_rates
from custvalue.discounting.present_value import net_present_value, present_value
from custvalue.discounting.rate import Rate
from custvalue.records.cash_flow import CashFlows

RATE = 0.10
NUMPY_FINANCIAL_SERIES = 2_000
"""Its irr takes 0.1 ms a series: fewer of them, and the time is scaled."""


@functools.cache
def series(n):
    """An outlay and 1 to 39 receipts each: amounts one after another, and where series begin."""
    rng = np.random.default_rng(1)
    offsets = np.append(0, np.cumsum(rng.integers(2, 41, n)))
    amounts = rng.gamma(2, 10, offsets[-1])
    amounts[offsets[:-1]] = -rng.gamma(4, 20, n)
    return amounts, offsets


def loop(function, amounts, offsets):
    """Call a function that takes one series on each of them: views, cut without copying."""
    ends = offsets.tolist()
    return [function(amounts[i:j]) for i, j in pairwise(ends)]


def net_present_values(n):
    amounts, offsets = series(n)
    ours, theirs, others = alternate(
        lambda: net_present_value(Rate.annual(RATE), amounts, timing="now", unit="year", offsets=offsets),
        lambda: loop(lambda flows: pyxirr.npv(RATE, flows), amounts, offsets),
        lambda: loop(lambda flows: numpy_financial.npv(RATE, flows), amounts, offsets),
    )
    size, scale = _size(n, offsets), np.abs(amounts).max()
    for name, (times, values), target in (("pyxirr", theirs, 2.0), ("numpy-financial", others, None)):
        yield _row("present value", size, ours[0], name, times, target, np.abs(ours[1] - values).max() / scale)


def dated_present_values(n):
    amounts, offsets = series(n)
    days = np.datetime64("2020-01-01") + (np.arange(len(amounts)) - np.repeat(offsets[:-1], np.diff(offsets))) * 30
    batch = CashFlowBatch(CashFlows(amounts, days), offsets)
    first = days[offsets[:-1]]
    ends = offsets.tolist()
    ours, theirs = alternate(
        lambda: present_value(Rate.annual(RATE), batch, as_of=first),
        lambda: [pyxirr.xnpv(RATE, days[i:j], amounts[i:j]) for i, j in pairwise(ends)],
    )
    error = np.abs(ours[1] - theirs[1]).max() / np.abs(amounts).max()
    yield _row("present value, dated, of a batch", _size(n, offsets), ours[0], "pyxirr", theirs[0], None, error)


def rates_of_return(n):
    amounts, offsets = series(n)
    ours, theirs = alternate(
        lambda: internal_rates(amounts, unit="year", offsets=offsets),
        lambda: loop(pyxirr.irr, amounts, offsets),
    )
    rates = ours[1].effective()
    error = np.abs((rates - np.array(theirs[1], dtype=float)) / (1 + rates)).max()
    yield _row("internal rate of return", _size(n, offsets), ours[0], "pyxirr", theirs[0], 1.0, error)


def rates_beside_numpy_financial():
    amounts, offsets = series(NUMPY_FINANCIAL_SERIES)
    ours, theirs = alternate(
        lambda: internal_rates(amounts, unit="year", offsets=offsets),
        lambda: loop(numpy_financial.irr, amounts, offsets),
    )
    rates, found = ours[1].effective(), np.array(theirs[1], dtype=float)
    error = np.nanmax(np.abs((rates - found) / (1 + rates)))
    size = _size(NUMPY_FINANCIAL_SERIES, offsets)
    yield _row("internal rate of return", size, ours[0], "numpy-financial", theirs[0], None, error)


def _size(n, offsets):
    return f"{n:,} series, {offsets[-1]:,} flows"


def _row(work, size, ours, name, theirs, target, error):
    return Row(
        work,
        size,
        ours,
        name,
        theirs,
        "" if target is None else f"CPU ≥ {target:g} ×",
        None if target is None else bool(theirs.cpu >= target * ours.cpu),
        f"{name}: largest difference {error:.0e}, {'per flow' if 'value' in work else 'per 1 + rate'}",
    )


def rows(n):
    yield from net_present_values(n)
    yield from dated_present_values(min(n, 100_000))
    yield from rates_of_return(n)
    yield from rates_beside_numpy_financial()
