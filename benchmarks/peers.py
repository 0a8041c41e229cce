"""custvalue beside lifetimes, pyxirr, numpy-financial and DuckDB, in one process, runs in turn (A B A B ...), medians.

    python benchmarks/peers.py --quick                                   under a minute
    python benchmarks/peers.py                                           a few minutes: up to 100,000 customers
    python benchmarks/peers.py --full --write benchmarks/RESULTS.md      some 20 minutes: a million customers

CPU time is that of all threads. Ratios above 1 mean that custvalue is faster. `--only fit predict` runs some parts.
Needs `pip install 'custvalue[bench]'`; simulated logs are kept in benchmarks/data.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import against_lifetimes as peer
import cash_flows
import contracts
import end_to_end as whole
import latent
from harness import Budget, machine, report, seconds, table

HUGE = 1_000_000
SIZES = {"quick": (2357, 10_000), "default": (2357, 100_000), "full": (2357, 100_000, HUGE)}
LOGS = {"quick": 20_000, "default": 100_000, "full": HUGE}
SECONDS = {"quick": 1.0, "default": 10.0, "full": 30.0}
FIT_TARGETS = {"BG/NBD": {2357: 10, HUGE: 50}, "MBG/NBD": {}, "Pareto/NBD": {2357: 20, 100_000: 200, HUGE: 200}}
BG_BB_TARGETS = {HUGE: 300}


def fit(size):
    for name, targets in FIT_TARGETS.items():
        for n in SIZES[size]:
            yield peer.fit_buying(n, name, targets.get(n), single=name == "Pareto/NBD" and n > 10_000)
    for n in SIZES[size][1:]:
        yield peer.fit_discrete(n, BG_BB_TARGETS.get(n), single=n == HUGE)
    for n in SIZES[size]:
        yield peer.fit_spend(n)


def predict(size):
    yield from peer.predict(SIZES[size][1])
    if size == "full":
        *rows, _ = peer.predict(HUGE, single=True)
        yield from rows
    if size != "quick":
        yield peer.together(HUGE, target=1.0)
    if size == "full":
        yield from latent.predict(HUGE, target=1.5)
    else:
        yield from latent.predict(SIZES[size][1])


def pareto(size):
    """The dearest model of lifetimes alone, whose fit to a million customers takes it minutes."""
    for n in SIZES[size]:
        yield peer.fit_buying(n, "Pareto/NBD", FIT_TARGETS["Pareto/NBD"].get(n), single=n > 10_000)


def engine(_size):
    yield from latent.engine(HUGE)


def summary(size):
    yield peer.summarize("CDNOW")
    if size != "quick":
        yield peer.summarize("simulated")


def log(size):
    yield from whole.log_to_value(LOGS[size])


def known(size):
    yield from cash_flows.rows(SIZES[size][-1])


def contract(_size):
    yield from contracts.rows()


def start(_size):
    yield whole.imports()
    if (row := whole.command_line()) is not None:
        yield row


EXPLAINED = """\
CPU times are those of all threads; medians, warm-up runs left out. "×" is the other's time over custvalue's: above
1, custvalue is faster. A fit includes building custvalue's `RFM` and finding its distinct rows; lifetimes gets
arrays. Where the load average is above the number of cores the machine was busy with other work, and CPU times are
the ones to compare.
"""


PARTS = {
    "fit": fit,
    "predict": predict,
    "engine": engine,
    "summary": summary,
    "log": log,
    "cash-flows": known,
    "contracts": contract,
    "start": start,
}


def results(text, stages, facts):
    """RESULTS.md: how, on what, the table, where the time goes."""
    facts = "\n".join(f"- {name}: {value}" for name, value in facts)
    size, steps = stages
    lines = table(("stage", "CPU s", "wall s"), [(name, seconds(cpu), seconds(wall)) for name, cpu, wall in steps])
    return (
        f"# Results\n\n{__doc__.partition(chr(10))[0]}\n\n{facts}\n\n"
        f"{EXPLAINED}\n"
        f"{text}\n\n## Where the time of the log goes\n\n{size}.\n\n{lines}\n\n"
        "Single operations, for watching changes: `pytest benchmarks/ --benchmark-only`.\n"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", dest="size", action="store_const", const="quick", default="default")
    size.add_argument("--full", dest="size", action="store_const", const="full")
    parser.add_argument("--only", nargs="+", choices=[*PARTS, "pareto"], default=list(PARTS), help="which parts to run")
    parser.add_argument("--json", type=Path, help="also write all numbers to this file")
    parser.add_argument("--write", type=Path, help="also write the report to this Markdown file")
    args = parser.parse_args()
    Budget.seconds = SECONDS[args.size]
    facts = [*machine(), ("command", f"`{' '.join(['python benchmarks/peers.py', *sys.argv[1:]])}`")]
    rows = []
    for part in args.only:
        for row in {**PARTS, "pareto": pareto}[part](args.size):
            rows.append(row)
            print(f"{row.work}, {row.size}: {seconds(row.ours.cpu)} CPU s", file=sys.stderr, flush=True)
    text = report(rows)
    print(text)
    if args.json:
        args.json.write_text(whole.as_json(rows), encoding="utf-8")
    if args.write:
        args.write.write_text(results(text, whole.stages(LOGS[args.size]), facts), encoding="utf-8")


if __name__ == "__main__":
    main()
