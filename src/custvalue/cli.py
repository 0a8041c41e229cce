"""The command line: `custvalue value LOG` says what customers are worth, `custvalue reproduce` checks the literature.

Exit codes: 0 done; 1 the data, a model or a file refused, said in one line on standard error; 2 the command was
misspelled; 130 interrupted. Needs the `cli` extra, whose libraries are imported only when a command runs.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from custvalue import datasets, reproductions
from custvalue.discounting.rate import Rate
from custvalue.errors import CustValueError
from custvalue.evidence.logs.options import Refunds
from custvalue.models.registry import buying_models
from custvalue.units import Unit
from custvalue.value.value_customers import value_customers

if TYPE_CHECKING:
    from cyclopts import App

Area: TypeAlias = Literal["harvard", "formulas", "buying", "contracts", "churn", "corporate", "discounting"]
"""The ledger's areas; spelled out, as the command line reads them from the annotation."""
_EXTRA: Final = "the command line needs the 'cli' extra: pip install 'custvalue[cli]'"
_FILE_LIBRARIES: Final = {"polars", "duckdb", "pyarrow"}
_SUFFIXES: Final = {".parquet", ".csv"}


class _UsageError(Exception):
    """Options that do not go together."""


def value(
    log: str | None = None,
    /,
    *,
    dataset: Literal["cdnow", "cdnow_full"] | None = None,
    customer: str = "customer_id",
    date: str = "date",
    amount: str = "amount",
    rate: float = 0.10,
    rate_per: Literal["year", "month", "week"] = "year",
    years: float | Literal["forever"] = 3.0,
    margin: float = 1.0,
    model: str = "bg-nbd",
    unit: Unit = "week",
    observed_until: str | None = None,
    collapse: Literal["day", "week", "month", "quarter", "year", "none"] = "day",
    refunds: Refunds = "net",
    first_purchase_from: str | None = None,
    first_purchase_in_spend: bool = False,
    timezone: str | None = None,
    holdout: str | None = None,
    top: int = 10,
    out: Path | None = None,
) -> None:
    """Say what the customers of a transaction log are worth.

    Fits models of how often customers buy and when they leave (--model) and of
    what they spend (Gamma-Gamma), and discounts the margin on the purchases
    that are expected of each. Reads a file or a bundled log (--dataset).

    Parameters
    ----------
    log
        CSV or Parquet file with one row per purchase.
    dataset
        A bundled log instead of a file.
    customer
        Column of customer ids.
    date
        Column of dates: dates, times or ISO text such as 2024-01-31.
    amount
        Column of amounts.
    rate
        Effective rate of discount, a year unless --rate-per says otherwise: 0.10 is 10 % a year.
    rate_per
        The period that the rate is for.
    years
        How many years ahead to look, or 'forever'.
    margin
        Share of spend that is profit: 0.3 is 30 %; 1 values revenue.
    model
        How customers buy and leave, one of those listed by `custvalue models`; auto fits BG/NBD, MBG/NBD, Pareto/NBD
        and NBD and takes the lowest AIC. For bg-bb each unit of time is one chance to buy.
    unit
        Unit of time of the models.
    observed_until
        Last day of observation; by default the last date in the log.
    collapse
        Purchases of a customer in one such period count as one; 'none' keeps every moment.
    refunds
        Negative amounts: set against spend, left out, or refused.
    first_purchase_from
        Keep only customers who first bought on or after this day.
    first_purchase_in_spend
        Let the first purchase count in the mean spend.
    timezone
        Zone that times are dated in, such as Europe/Berlin.
    holdout
        Also forecast what came after this day from what came until then, and show the errors.
    top
        How many of the most valuable customers to list.
    out
        Write a row per customer to this .parquet or .csv file, which is replaced if it exists.
    """
    _check(log, dataset, years, top)
    known = buying_models()
    if model not in {*known, "auto"}:
        raise _UsageError(f"--model must be one of {', '.join([*known, 'auto'])}; got {model!r}.")
    if rate >= 1:
        raise _UsageError(f"--rate is a share: 10 % is 0.10; got {rate:g}, which is {rate:.0%} a {rate_per}.")
    _check_out(out)
    options: dict[str, Any] = {
        "unit": unit,
        "observed_until": observed_until,
        "collapse": None if collapse == "none" else collapse,
        "refunds": refunds,
        "first_purchase_from": first_purchase_from,
        "first_purchase_in_spend": first_purchase_in_spend,
        "timezone": timezone,
    }
    with _working(log), _named(log):
        valuation = value_customers(
            log if dataset is None else getattr(datasets, dataset)(),
            rate={"year": Rate.annual, "month": Rate.monthly, "week": Rate.weekly}[rate_per](rate),
            years=None if years in ("forever", float("inf")) else float(years),
            margin=margin,
            model="auto" if model == "auto" else known[model],
            customer=customer,
            date=date,
            amount=amount,
            holdout=holdout,
            **options,
        )
    from custvalue.reporting.terminal import print_valuation  # noqa: PLC0415 (imports rich)

    print_valuation(valuation, name=dataset or str(log), per=rate_per, top=top)
    if out is not None:
        with _named(out):
            _write(valuation.table(), out)
        print(f"\n{len(valuation.rfm):,} customers written to {out}")


def models() -> None:
    """List the models of buying by the names that --model takes."""
    for name, model in buying_models().items():
        print(f"{name:<22}{model.card.title}")


def reproduce(*, area: Area | None = None, csv: bool = False) -> None:
    """Recompute published numbers on the spot, and say which agree.

    Every number is computed through the library's public functions. A number
    agrees if it rounds to the one printed; those that differ say why.

    Parameters
    ----------
    area
        One area alone.
    csv
        Write a table for programs, with all digits, instead of one to read.
    """
    from custvalue.reporting.reproductions import print_ledger, write_ledger  # noqa: PLC0415 (imports rich)

    (write_ledger if csv else print_ledger)(reproductions.run(area))


def main(tokens: Sequence[str] | None = None) -> int:
    """Run a command line, `sys.argv` by default, and return the exit code.

    What the user can mend ends in one line on standard error; anything else is a bug and keeps its traceback.
    """
    try:
        return _run(sys.argv[1:] if tokens is None else tokens)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (CustValueError, OSError) as error:
        return _refuse(str(error))
    except ModuleNotFoundError as error:
        if str(error.name).partition(".")[0] not in ("cyclopts", "rich"):
            raise
        print(f"custvalue: {_EXTRA}", file=sys.stderr)
        return 1


def _run(tokens: Sequence[str]) -> int:
    from cyclopts import CycloptsError  # noqa: PLC0415 (an extra)

    try:
        command, bound, _ = _app().parse_args(tokens, print_error=False, exit_on_error=False)
        command(*bound.args, **bound.kwargs)
        sys.stdout.flush()
    except (CycloptsError, _UsageError) as error:
        return _refuse(f"{error} See custvalue --help.", code=2)
    return 0


def _app() -> App:
    from cyclopts import App, Parameter  # noqa: PLC0415 (an extra)

    app = App(
        name="custvalue",
        help="What customers are worth.",
        help_format="plaintext",
        version=_version,
        default_parameter=Parameter(negative=()),
    )
    app.command(value)
    app.command(models)
    app.command(reproduce)
    return app


def _version() -> str:
    from importlib.metadata import version  # noqa: PLC0415 (slow, and seldom asked for)

    return version("custvalue")


def _refuse(message: str, code: int = 1) -> int:
    print(f"custvalue: error: {' '.join(message.split())}", file=sys.stderr)
    return code


def _check(log: str | None, dataset: str | None, years: float | str, top: int) -> None:
    if (log is None) == (dataset is None):
        raise _UsageError("Give either a LOG file or --dataset, one of the two.")
    if years != "forever" and not float(years) >= 0:
        raise _UsageError(f"--years must be 0 or more, or forever; got {years}.")
    if top < 0:
        raise _UsageError(f"--top must be 0 or more; got {top}.")


def _check_out(out: Path | None) -> None:
    """Refuse what could not be written before any work is done."""
    if out is None:
        return
    if out.suffix.lower() not in _SUFFIXES:
        raise _UsageError(f"--out must end in .parquet or .csv; got {str(out)!r}.")
    if not out.parent.is_dir():
        raise _UsageError(f"--out: there is no directory {str(out.parent)!r}.")
    if importlib.util.find_spec("pyarrow") is None:
        raise CustValueError("--out needs pyarrow: pip install 'custvalue[cli]'")


@contextmanager
def _named(path: str | Path | None) -> Iterator[None]:
    """Put the file's name to what the libraries that read and write files refuse, and shorten it.

    narwhals raises polars' ComputeError as its own; its other errors are bugs.
    """
    try:
        yield
    except Exception as error:
        library = type(error).__module__.partition(".")[0].lstrip("_")
        if path is None or (library not in _FILE_LIBRARIES and type(error).__name__ != "ComputeError"):
            raise
        raise CustValueError(f"{path}: {textwrap.shorten(str(error), 300, placeholder=' ...')}") from error


@contextmanager
def _working(log: str | None) -> Iterator[None]:
    """Show on a terminal that a file is being worked on, and for how long; bundled logs take no time."""
    if log is None or not sys.stderr.isatty():
        yield
        return
    from rich.console import Console  # noqa: PLC0415 (an extra)
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    parts = SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn()
    with Progress(*parts, console=Console(stderr=True), transient=True) as progress:
        progress.add_task("Reading, fitting, valuing", total=None)
        yield


def _write(table: Any, out: Path) -> None:  # noqa: ANN401 (the reader's kind of dataframe)
    import narwhals.stable.v2 as nw  # noqa: PLC0415 (only to write)

    frame = nw.from_dict(table, backend="pyarrow") if isinstance(table, Mapping) else nw.from_native(table)
    if out.suffix.lower() == ".csv":
        frame.write_csv(str(out))
    else:
        frame.write_parquet(str(out))
