"""`custvalue value` prints what the Python call gives, and refuses in one line with its own exit code."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from custvalue import cli, datasets
from custvalue.discounting.rate import Rate
from custvalue.errors import ConvergenceError
from custvalue.evidence.logs import kinds
from custvalue.reproductions import AREAS, run
from custvalue.value.valuation import Valuation
from custvalue.value.value_customers import value_customers

CDNOW = ["value", "--dataset", "cdnow"]
ANNUAL = Rate.annual(0.10)


@pytest.fixture(autouse=True)
def _width(monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> dict[str, str]:
    """The CDNOW sample as a CSV and as a Parquet file, and as a CSV file with other names."""
    folder = tmp_path_factory.mktemp("logs")
    log = pa.table({name: datasets.cdnow()[name] for name in ("customer_id", "date", "amount")})
    paths = {name: str(folder / name) for name in ("log.csv", "log.parquet", "other.csv")}
    pyarrow.csv.write_csv(log, paths["log.csv"])
    pyarrow.parquet.write_table(log, paths["log.parquet"])
    pyarrow.csv.write_csv(log.rename_columns(["who", "day", "paid"]), paths["other.csv"])
    return paths


@pytest.fixture
def no_polars(monkeypatch) -> None:
    """An installation with the `cli` extra alone."""
    found = kinds.installed
    monkeypatch.setattr(kinds, "installed", lambda library: library != "polars" and found(library))


def known(log=None, **changes) -> Valuation:
    options = {"rate": ANNUAL, "years": 3, "margin": 1.0} | changes
    return value_customers(datasets.cdnow() if log is None else log, **options)


def ran(capsys, *tokens: str) -> str:
    """What a command line that goes well prints."""
    assert cli.main(tokens) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    return captured.out


def refused(capsys, *tokens: str, code: int) -> str:
    """What a command line that is refused says: one line."""
    assert cli.main(tokens) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert re.fullmatch(r"custvalue: error: [^\n]+\n", captured.err)
    return captured.err


def line(text: str, start: str) -> str:
    return next(each for each in text.splitlines() if each.strip().startswith(start))


def test_the_summary_is_the_python_call_s(capsys):
    out = ran(capsys, *CDNOW, "--margin", "0.3")
    want = known(margin=0.3)
    assert f"{want.total:,.2f}" in line(out, "All customers")
    assert f"{want.clv.mean():,.2f}" in line(out, "Mean per customer")
    assert f"{want.new_customer:,.2f}" in line(out, "A new customer")
    assert f"{want.p_alive.mean():.1%}" in line(out, "Still customers")
    assert f"{want.top_share(0.1):.1%}" in line(out, "Top 10%")
    assert "Customers              2,357\n" in re.sub(" +\n", "\n", out)
    assert "1,218   51.7%" in line(out, "One-time buyers")
    assert "6,919   8 with" in line(out, "Rows")
    assert "1998-06-30" in line(out, "Observed until")
    assert "Margin 30% of spend." in out
    assert "next 3 years, discounted at 10% a year (effective)" in out


def test_the_models_are_told(capsys):
    out, want = ran(capsys, *CDNOW, "--top", "0"), known()
    model = want.buying.model
    assert f"{model.r / model.alpha:.4g}" in line(out, "Purchases a week")
    assert f"{model.a / (model.a + model.b):.1%}" in line(out, "Leaving")
    assert f"{float(want.spend.model.expected_spend_new()):,.2f}" in line(out, "Spend per purchase")
    for fit in (want.buying, want.spend):
        for name, error in fit.standard_errors.items():
            assert re.search(rf"\b{name} +{fit.model.parameters[name]:.6g} +{error:.4g} ", out)
    assert want.checks.notes[0][:60] in out
    assert "Most valuable" not in out


def test_the_most_valuable_customers_come_first(capsys):
    out, want = ran(capsys, *CDNOW, "--top", "3"), known()
    best = np.argsort(-want.clv)[:3]
    first = out.splitlines().index(line(out, "customer ")) + 1
    shown = [row.split() for row in out.splitlines()[first : first + 4]]
    assert [row[0] for row in shown[:3]] == [str(i) for i in want.rfm.ids[best]]
    assert [row[-1] for row in shown[:3]] == [f"{value:,.2f}" for value in want.clv[best]]
    log = datasets.cdnow()
    assert shown[0][2] == str(log["date"][log["customer_id"] == want.rfm.ids[best[0]]].max())
    assert shown[3] == []


def test_revenue_is_not_called_profit(capsys):
    assert "this is revenue, not profit" in ran(capsys, *CDNOW)


def test_the_holdout_stands_beside_naive_forecasts(capsys):
    out = ran(capsys, *CDNOW, "--holdout", "1997-09-30")
    want = known(holdout="1997-09-30").checks.holdout
    assert f"{want.customers:,.0f} customers known before: {want.model.actual:,.0f} purchases" in out
    for name, forecast in (("BG/NBD  ", want.model), ("own rate", want.naive["own rate"])):
        assert line(out[out.index("Forecast") :], name).split()[-4:] == [
            f"{forecast.predicted:,.0f}",
            f"{forecast.total_error:+.1%}",
            f"{forecast.mean_absolute:.3f}",
            f"{forecast.root_mean_squared:.3f}",
        ]


@pytest.mark.parametrize(
    ("tokens", "changes"),
    [
        ("--rate 0.01 --rate-per month", {"rate": Rate.monthly(0.01)}),
        ("--rate 0.002 --rate-per week", {"rate": Rate.weekly(0.002)}),
        ("--years forever", {"years": None}),
        ("--years inf", {"years": None}),
        ("--years 0.5", {"years": 0.5}),
        ("--unit month", {"unit": "month"}),
        ("--observed-until 1998-12-31", {"observed_until": "1998-12-31"}),
        ("--collapse week", {"collapse": "week"}),
        ("--collapse none", {"collapse": None}),
        ("--refunds drop", {"refunds": "drop"}),
        ("--first-purchase-from 1997-02-01", {"first_purchase_from": "1997-02-01"}),
        ("--first-purchase-in-spend", {"first_purchase_in_spend": True}),
    ],
)
def test_options_reach_the_python_call(capsys, tokens, changes):
    out = ran(capsys, *CDNOW, *tokens.split())
    assert f" {known(**changes).total:,.2f} " in line(out, "All customers")


def test_a_rate_per_month_is_shown_per_month_and_year(capsys):
    out = ran(capsys, *CDNOW, "--rate", "0.01", "--rate-per", "month", "--years", "forever")
    assert "expected forever, discounted at 1% a month (effective), 12.68% a year." in out


@pytest.mark.parametrize("kind", ["log.csv", "log.parquet"])
@pytest.mark.parametrize("library", ["polars", "duckdb"])
def test_files_are_read(capsys, files, kind, library, request):
    if library == "duckdb":
        request.getfixturevalue("no_polars")
    out = ran(capsys, "value", files[kind], "--margin", "0.3")
    assert f" {known(margin=0.3).total:,.2f} " in line(out, "All customers")


def test_columns_are_named(capsys, files):
    out = ran(capsys, "value", files["other.csv"], "--customer", "who", "--date", "day", "--amount", "paid")
    assert f" {known().total:,.2f} " in line(out, "All customers")


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".CSV"])
@pytest.mark.parametrize("source", ["cdnow", "log.csv", "log.csv without polars"])
def test_the_table_is_written(capsys, files, tmp_path, suffix, source, request):
    if source.endswith("polars"):
        request.getfixturevalue("no_polars")
    path = tmp_path / f"values{suffix}"
    path.write_text("what was there before")
    log = ["--dataset", "cdnow"] if source == "cdnow" else [files["log.csv"]]
    out = ran(capsys, "value", *log, "--out", str(path))
    assert out.endswith(f"\n2,357 customers written to {path}\n")
    read = pyarrow.parquet.read_table(path) if suffix == ".parquet" else pyarrow.csv.read_csv(path)
    want = known().table()
    assert read.column_names == list(want)
    text = source != "cdnow"  # ids of a CSV file are text, and the rows are in their order
    order = np.argsort(want["customer_id"].astype(str)) if text else slice(None)
    want["customer_id"] = want["customer_id"].astype(str if text and suffix == ".parquet" else int)
    for name, column in want.items():
        same = np.testing.assert_array_equal if name == "customer_id" else np.testing.assert_allclose
        values = read[name].to_numpy(zero_copy_only=False)
        same(values, column[order])
        assert suffix != ".parquet" or name == "customer_id" or values.dtype == column.dtype


def test_text_ids_are_written(capsys, tmp_path):
    log = datasets.cdnow()
    source, path = tmp_path / "log.csv", tmp_path / "values.csv"
    names = [f"näme, {i}" for i in log["customer_id"]]
    pyarrow.csv.write_csv(pa.table({"customer_id": names, "date": log["date"], "amount": log["amount"]}), source)
    assert "näme, 1981" in ran(capsys, "value", str(source), "--out", str(path))
    assert set(pyarrow.csv.read_csv(path)["customer_id"].to_pylist()) == set(names)


@pytest.mark.parametrize(
    ("tokens", "said"),
    [
        ("value", "either a LOG file or --dataset"),
        ("value log.csv --dataset cdnow", "either a LOG file or --dataset"),
        ("value --dataset iris", "cdnow_full"),
        ("value --dataset cdnow --rat 0.1", "--rate"),
        ("value --dataset cdnow --rate ten", '"ten"'),
        ("value --dataset cdnow --rate-per day", "month"),
        ("value --dataset cdnow --years soon", '"soon"'),
        ("value --dataset cdnow --years -1", "--years must be 0 or more, or forever; got -1"),
        ("value --dataset cdnow --years nan", "--years must be 0 or more"),
        ("value --dataset cdnow --top -1", "--top must be 0 or more; got -1"),
        ("value --dataset cdnow --out x.xlsx", "must end in .parquet or .csv; got 'x.xlsx'"),
        ("value --dataset cdnow --out nowhere/x.csv", "no directory 'nowhere'"),
        ("value a.csv b.csv", "b.csv"),
        ("values", '"values"'),
    ],
)
def test_usage_errors_are_one_line_and_2(capsys, monkeypatch, tokens, said):
    monkeypatch.setattr(cli, "value_customers", lambda *_, **__: pytest.fail("work began"))
    message = refused(capsys, *tokens.split(), code=2)
    assert said in message
    assert message.endswith("See custvalue --help.\n")


@pytest.mark.parametrize(
    ("tokens", "said"),
    [
        ("value missing.csv", "there is no file 'missing.csv'"),
        ("value notes.txt", "neither a .csv nor a .parquet file"),
        ("value broken.parquet", "'broken.parquet' cannot be read: "),
        ("value folder.csv", "folder.csv"),
        ("value ragged.csv", "'ragged.csv' cannot be read: "),
        ("value latin.csv", "'latin.csv' cannot be read: "),
        ("value one.csv", "no customer has bought again"),
        ("value --dataset cdnow --amount price", "no column 'price'"),
        ("value --dataset cdnow --rate -2", "needs rates > -1"),
        ("value --dataset cdnow --margin nan", "margin must be finite"),
        ("value --dataset cdnow --timezone Mars", "timezone must be a name"),
        ("value --dataset cdnow --observed-until 1997-06-30", "observed_until"),
        ("value --dataset cdnow --holdout 1990-01-01", "no purchase up to"),
        ("value --dataset cdnow --out folder.csv", "folder.csv"),
    ],
)
@pytest.mark.usefixtures("bad_files")
def test_what_data_and_models_refuse_is_one_line_and_1(capsys, tokens, said):
    code, captured = cli.main(tokens.split()), capsys.readouterr()
    assert code == 1
    assert re.fullmatch(r"custvalue: error: [^\n]+\n", captured.err)
    assert len(captured.err) < 400
    assert said in captured.err


@pytest.fixture
def bad_files(tmp_path, monkeypatch):
    """A working directory of files that cannot be valued."""
    monkeypatch.chdir(tmp_path)
    Path("notes.txt").write_text("hello")
    Path("broken.parquet").write_text("hello")
    Path("ragged.csv").write_text("customer_id,date,amount\n1,2020-01-01,1\n2,2020-01-01,5,6\n")
    Path("latin.csv").write_bytes(b"customer_id,date,amount\n\xe4\xf6,2020-01-01,1\n")
    Path("one.csv").write_text("customer_id,date,amount\n1,2020-01-01,1\n2,2020-01-05,5\n")
    Path("folder.csv").mkdir()


@pytest.mark.parametrize("tokens", ["value broken.parquet", "value folder.csv", "value latin.csv"])
@pytest.mark.usefixtures("bad_files", "no_polars")
def test_duckdb_s_refusals_are_one_line(capsys, tokens):
    assert len(refused(capsys, *tokens.split(), code=1)) < 400


def test_a_fit_that_fails_is_one_line(capsys, monkeypatch):
    def fail(*_, **__):
        raise ConvergenceError("no interior maximum:\n  a and b grow without bound")

    monkeypatch.setattr(cli, "value_customers", fail)
    assert "maximum: a and b grow" in refused(capsys, *CDNOW, code=1)


@pytest.mark.parametrize("tokens", [CDNOW, ["value", "log.csv"]])
def test_a_bug_keeps_its_traceback(monkeypatch, tokens):
    monkeypatch.setattr(cli, "value_customers", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        cli.main(tokens)


def test_an_interruption_is_130(capsys, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "value_customers", interrupt)
    assert cli.main(CDNOW) == 130
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("library", ["cyclopts", "rich"])
def test_without_the_extra_it_is_named(capsys, monkeypatch, library):
    for name in [name for name in sys.modules if name.partition(".")[0] in ("cyclopts", "rich")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "custvalue.reporting.terminal", raising=False)
    monkeypatch.setitem(sys.modules, library, None)
    assert cli.main(CDNOW) == 1
    said = "custvalue: the command line needs the 'cli' extra: pip install 'custvalue[cli]'\n"
    assert capsys.readouterr() == ("", said)


def test_writing_without_pyarrow_is_refused_at_once(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(cli, "value_customers", lambda *_, **__: pytest.fail("work began"))
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert "pip install 'custvalue[cli]'" in refused(capsys, *CDNOW, "--out", str(tmp_path / "x.csv"), code=1)


def test_help_names_every_option(capsys):
    out = ran(capsys, "value", "--help")
    named = {*re.findall(r"--[a-z-]+", out)}
    assert named >= {"--dataset", "--rate-per", "--years", "--holdout", "--out", "--first-purchase-in-spend"}
    assert not any(name.startswith(("--no-", "--empty-")) for name in named)
    assert "value" in ran(capsys, "--help")
    assert "value" in ran(capsys)


def test_the_version_is_printed(capsys):
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*\n", ran(capsys, "--version"))


class Terminal(io.StringIO):
    """Standard error as a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_sees_that_a_file_is_worked_on(capsys, files, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert cli.main(["value", files["log.csv"]]) == 0
    assert "Reading, fitting, valuing" in sys.stderr.getvalue()
    assert "Reading" not in capsys.readouterr().out


def process(*command: str) -> subprocess.CompletedProcess:
    own = {key: value for key, value in os.environ.items() if not key.startswith("COV")}
    whole = [sys.executable, *command]
    return subprocess.run(whole, capture_output=True, text=True, env=own, check=False)  # noqa: S603 (the interpreter)


def test_the_module_runs_like_the_command():
    done = process("-m", "custvalue", *CDNOW)
    assert (done.returncode, done.stderr) == (0, "")
    assert f" {known().total:,.2f} " in line(done.stdout, "All customers")
    assert process("-m", "custvalue", "value").returncode == 2


def test_a_reader_that_stops_early_is_no_error():
    command = [sys.executable, "-m", "custvalue", *CDNOW, "--top", "2000"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe) as running:  # noqa: S603 (the interpreter)
        running.stdout.close()
        assert running.stderr.read() == b""
    assert running.returncode == 1


def test_it_loads_only_what_it_uses():
    """What it takes is measured by benchmarks/start.py."""
    command = "import json, sys\nfrom custvalue.cli import main\ncode = main(sys.argv[1:])\n"
    done = process("-c", f"{command}print(json.dumps([code, *sorted(sys.modules)]), file=sys.stderr)", *CDNOW)
    code, *modules = json.loads(done.stderr)
    assert code == 0
    assert {"rich.table", "cyclopts"} <= set(modules)
    heavy = {"duckdb", "matplotlib", "narwhals", "pandas", "polars", "pyarrow", "scipy.optimize", "scipy.stats"}
    assert heavy.isdisjoint(modules)


@pytest.mark.parametrize(
    ("model", "shown"),
    [
        ("pareto-nbd", "Pareto/NBD"),
        ("nbd", "NBD"),
        ("mbg-cnbd-k", "MBG/CNBD-k"),
        ("gamma-gompertz-nbd", "Gamma-Gompertz/NBD"),
        ("bg-bb", "BG/BB"),
        ("auto", "MBG/NBD"),
    ],
)
def test_another_model(model: str, shown: str, capsys: pytest.CaptureFixture[str]) -> None:
    out = ran(capsys, "value", "--dataset", "cdnow", "--model", model)
    assert f"\n  {shown} " in out
    assert ("lowest AIC" in out) == (model == "auto")


def test_the_ledger_is_printed(capsys) -> None:
    """Published and computed, and why some differ."""
    text = ran(capsys, "reproduce", "--area", "buying")
    assert line(text, "BG/NBD alpha").split() == ["BG/NBD", "alpha", "4.414", "4.41360", "agrees"]
    assert "differs (Hardie, note 004): the sheet's figure differs from its own formula" in text
    assert max(len(each) for each in text.splitlines()) <= 100


def test_the_ledger_is_a_table_for_programs(capsys) -> None:
    text = ran(capsys, "reproduce", "--area", "buying", "--csv")
    rows = list(csv.DictReader(io.StringIO(text)))
    ledger = run("buying")
    assert [row["published"] for row in rows] == [row.published for row in ledger]
    assert [float(row["computed"]) for row in rows] == [row.computed for row in ledger]


def test_every_area_of_the_ledger_can_be_asked_for() -> None:
    assert get_args(cli.Area) == tuple(AREAS)


def test_a_rate_in_percent_is_refused(capsys) -> None:
    assert "--rate is a share: 10 % is 0.10; got 10" in refused(capsys, *CDNOW, "--rate", "10", code=2)


def test_models_are_listed_and_others_refused(capsys: pytest.CaptureFixture[str]) -> None:
    out = ran(capsys, "models")
    assert re.search(r"^pareto-nbd +Pareto/NBD$", out, re.MULTILINE)
    assert cli.main(["value", "--dataset", "cdnow", "--model", "arima"]) == 2
    assert "--model must be one of bg-bb, " in capsys.readouterr().err
