"""A printed valuation keeps to its width, shows names as they are, and has words for what has no number."""

from __future__ import annotations

import io
import os
import re
import sys

import numpy as np
import pytest
from attrs import evolve

from custvalue import datasets
from custvalue.discounting.rate import Rate
from custvalue.reporting.terminal import print_valuation
from custvalue.value.value_customers import value_customers

OPTIONS = {"rate": Rate.annual(0.10), "years": 3, "margin": 0.3}


@pytest.fixture(scope="module")
def log():
    return datasets.cdnow()


@pytest.fixture(scope="module")
def valuation(log):
    return value_customers(log, **OPTIONS, holdout="1997-09-30")


@pytest.fixture
def printed(capsys, monkeypatch):
    def run(valuation, columns=100, **options) -> str:
        monkeypatch.setenv("COLUMNS", str(columns))
        print_valuation(valuation, **{"name": "log.csv", **options})
        return capsys.readouterr().out

    return run


@pytest.mark.parametrize(("columns", "widest"), [(40, 80), (80, 80), (120, 120), (300, 120)])
def test_lines_keep_to_the_width(printed, valuation, columns, widest):
    out = printed(valuation, columns)
    assert max(map(len, out.splitlines())) <= widest
    assert f"{valuation.total:,.2f}" in out


def test_pipes_without_a_size_get_a_hundred_columns(capsys, monkeypatch, valuation):
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setattr("shutil.get_terminal_size", os.terminal_size)
    print_valuation(valuation, name="x " * 150)
    assert 95 < len(capsys.readouterr().out.splitlines()[0].rstrip()) <= 100


def test_no_color_outside_a_terminal(printed, valuation):
    assert "\x1b" not in printed(valuation)


@pytest.mark.parametrize(
    ("name", "shown"),
    [("[bold]ann[/bold]", "[bold]ann[/bold]"), (":smile:", ":smile:"), ("a\x1b[31mb\nc", "a?[31mb?c")],
)
def test_names_are_shown_as_they_are(printed, valuation, log, name, shown):
    assert f"Customer value of {shown}\n" in printed(valuation, name=name)
    ids = np.where(log["customer_id"] == 1981, name, log["customer_id"].astype(str))
    assert shown in printed(value_customers({**log, "customer_id": ids}, **OPTIONS), top=1)


def test_long_names_are_folded_and_not_cut(printed, valuation, log):
    name = "".join(f"{i:03}" for i in range(40))
    ids = np.where(log["customer_id"] == 1981, name, log["customer_id"].astype(str))
    out = printed(value_customers({**log, "customer_id": ids}, **OPTIONS), 80, top=1)
    block = out[out.index("Most valuable") : out.index("The models")]
    digits = "".join(row.split()[0] for row in block.splitlines()[3:] if row.split())
    assert digits.startswith(name)


@pytest.mark.parametrize(("scale", "form"), [(1e4, ",.2f"), (1e6, ",.0f"), (1e15, ".6g")])
def test_large_numbers_are_not_cut(printed, log, scale, form):
    names = np.array([f"00000000-0000-0000-0000-{i:012}" for i in log["customer_id"]])
    rich = value_customers({**log, "customer_id": names, "amount": scale * log["amount"]}, **OPTIONS)
    out = printed(rich, 80)
    assert f" {rich.clv.max():{form}}\n" in out
    assert "…" not in out


def test_letters_that_the_encoding_lacks_are_no_error(monkeypatch, valuation):
    ascii_only = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", ascii_only)
    print_valuation(valuation, name="Umsätze.csv")
    ascii_only.flush()
    assert ascii_only.buffer.getvalue().startswith(b"Customer value of Ums?tze.csv\n")


def test_infinite_values_have_a_word_and_no_concentration(printed, log):
    out = printed(value_customers(log, rate=Rate.zero(), years=None))
    assert out.count("infinite") >= 3
    assert "Concentration" not in out
    assert "discounted at 0% a year" in out


def test_one_year_is_a_year(printed, log):
    assert "expected in the next year, discounted" in printed(value_customers(log, **{**OPTIONS, "years": 1}))


def test_nothing_ahead_is_nothing(printed, log):
    out = printed(value_customers(log, rate=Rate.zero(), years=0))
    assert re.search(r"All customers +0\.00 ", out)
    assert "Concentration" not in out


def test_margins_of_their_own(printed, log, valuation):
    margins = np.linspace(0.1, 0.5, len(valuation.rfm))
    assert "Margins differ between customers." in printed(value_customers(log, **{**OPTIONS, "margin": margins}))


@pytest.mark.parametrize("top", [0, 1, 5000])
def test_as_many_customers_as_asked_for(printed, valuation, top):
    out = printed(valuation, top=top)
    dated = [row for row in out.splitlines() if row.endswith(tuple("0123456789")) and row.count("%") and "-" in row]
    many = sum(row.split()[2].count("-") == 2 for row in dated)
    assert many == min(top, len(valuation.rfm))
    assert ("Most valuable" in out) == (top > 0)


@pytest.mark.parametrize("unit", ["day", "week", "month", "quarter", "year"])
@pytest.mark.parametrize("collapse", ["day", None])
def test_last_purchases_are_the_log_s(printed, log, unit, collapse):
    out = printed(value_customers(log, **OPTIONS, unit=unit, collapse=collapse), top=50)
    start = out.index("customer ", out.index("Most valuable"))
    rows = [row.split() for row in out[start:].splitlines()[1:51]]
    assert [row[2] for row in rows] == [str(log["date"][log["customer_id"] == int(row[0])].max()) for row in rows]


def test_moments_are_to_the_second(printed, log):
    moments = {**log, "date": log["date"] + np.timedelta64(3 * 3600 + 5, "s")}
    until = "Observed until    1998-06-30 03:00:05"
    assert until in printed(value_customers(moments, **OPTIONS, collapse=None))


def test_what_to_bear_in_mind_comes_from_checks_and_fits(printed, valuation):
    out = printed(evolve(valuation, buying=evolve(valuation.buying, warnings=("the top is flat",))))
    assert f"- {valuation.checks.notes[0][:50]}" in out
    assert "- the top is flat" in out
    fine = evolve(valuation.checks, alive_by_assumption=0.0, spend_frequency_effect=0.0, without_spend=0)
    assert "- nothing in these data speaks against" in printed(evolve(valuation, checks=fine))


def test_a_holdout_without_purchases_has_no_error_of_the_total(printed, valuation):
    holdout = valuation.checks.holdout
    nothing = evolve(holdout, model=evolve(holdout.model, actual=0.0))
    out = printed(evolve(valuation, checks=evolve(valuation.checks, holdout=nothing)))
    row = next(row for row in out[out.index("Forecast") :].splitlines() if row.startswith("  BG/NBD"))
    assert len(row.split()) == 4
    assert "nan" not in out
