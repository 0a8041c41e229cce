"""Write a simulated transaction log to Parquet: BG/NBD purchases, gamma-gamma spend, ordered by date.

    python benchmarks/make_log.py --customers 1000000 --out benchmarks/data/log10m.parquet

A million customers give about ten million rows (customer_id, date, amount); peak memory stays near 1 GB.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

START = np.datetime64("2022-01-01")
DAYS = 730
CHUNK = 100_000


def purchase_times(rng, n):
    """(customer, day) of every purchase of n customers, who join evenly through the first year."""
    rate = rng.gamma(1.0, 0.32 / 7, n)
    dropout = rng.beta(1.0, 9.0, n)
    who = np.arange(n)
    day = rng.uniform(0, 365, n)
    customers, days = [who], [day]
    while len(who):
        stays = rng.random(len(who)) > dropout[who]
        who, day = who[stays], day[stays]
        day = day + rng.standard_exponential(len(who)) / rate[who]
        who, day = who[day < DAYS], day[day < DAYS]
        customers.append(who)
        days.append(day)
    return np.concatenate(customers), np.concatenate(days)


def chunk(rng, first_id, n, *, text):
    who, day = purchase_times(rng, n)
    scale = 1 / rng.gamma(4.0, 1 / 15.0, n)
    amount = np.round(rng.gamma(6.0, scale[who]), 2)
    ids = who + first_id
    if text:
        ids = np.char.add("customer-", ids.astype("U"))
    dates = START + np.floor(day).astype("timedelta64[D]")
    return pa.table({"customer_id": ids, "date": dates, "amount": amount})


def write(customers, out, *, seed=1, text=False):
    """Simulate in chunks of customers, then order by date, as a real log is. Returns the number of rows."""
    rng = np.random.default_rng(seed)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent) as folder:
        for first in range(0, customers, CHUNK):
            table = chunk(rng, first, min(CHUNK, customers - first), text=text)
            pq.write_table(table, Path(folder) / f"{first:012d}.parquet")
        with duckdb.connect() as db:
            db.execute("SET memory_limit = '1GB'")
            db.execute(f"SET temp_directory = '{folder}'")
            db.execute(
                f"COPY (SELECT * FROM '{folder}/*.parquet' ORDER BY date, hash(customer_id)) TO '{out}'"
                " (FORMAT parquet)"
            )
    return pq.read_metadata(out).num_rows


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/data/log10m.parquet"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--text-ids", action="store_true", help="customer ids as text instead of integers")
    args = parser.parse_args()
    rows = write(args.customers, args.out, seed=args.seed, text=args.text_ids)
    print(f"{args.out}: {rows:,} rows, {args.customers:,} customers, {args.out.stat().st_size / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
