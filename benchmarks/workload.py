"""What the benchmarks work on: simulated customers at daily resolution, CDNOW, logs of one and ten million rows."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import attrs
import make_log
import numpy as np

import custvalue as cv
from custvalue.models.spend.gamma_gamma import GammaGamma

DATA = Path(__file__).parent / "data"
BUYING = cv.BetaGeoNBD(r=0.243, alpha=4.414, a=0.793, b=2.426, unit="week")
SPEND = GammaGamma(p=6.25, q=3.74, v=15.44)


@attrs.frozen(eq=False)
class Customers:
    """Columns in weeks, as any library takes them; `rfm()` is built anew, without what others have cached."""

    x: np.ndarray
    t_x: np.ndarray
    T: np.ndarray
    m: np.ndarray

    def __len__(self):
        return len(self.x)

    def rfm(self):
        return cv.RFM(self.x, self.t_x, self.T, self.m, unit="week")


@cache
def simulated(n):
    """Draw n customers from CDNOW's parameters (Fader & Hardie), 27 to 39 weeks old, times rounded up to days."""
    rng = np.random.default_rng(n)
    age = np.ceil(rng.uniform(27, 39, n) * 7) / 7
    drawn = BUYING.simulate(age, rng=rng)
    t_x = np.minimum(np.ceil(drawn.t_x * 7) / 7, age)
    return Customers(np.array(drawn.x), t_x, age, SPEND.simulate(drawn.x, rng=rng))


@cache
def cdnow():
    """The 2,357 customers of the papers: CDNOW's sample until 1997-09-30."""
    log = cv.datasets.cdnow()
    seen = log["date"] <= np.datetime64("1997-09-30")
    rfm = cv.RFM.from_transactions(
        {name: column[seen] for name, column in log.items()}, amount="amount", observed_until="1997-09-30", unit="week"
    )
    return Customers(*(np.array(column) for column in (rfm.x, rfm.t_x, rfm.T, rfm.m)))


def cohort(n):
    """CDNOW for its own 2,357 customers, else n simulated ones."""
    return cdnow() if n == 2357 else simulated(n)


def log_file(customers):
    """Path of the Parquet log of so many customers, some ten rows each; simulated where it is not there yet."""
    path = DATA / f"log_{customers}.parquet"
    if not path.exists():
        make_log.write(customers, path)
    return path


def cdnow_csv():
    """CDNOW's sample as a CSV file."""
    path = DATA / "cdnow.csv"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        log = cv.datasets.cdnow()
        names = ("customer_id", "date", "amount")
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([names, *zip(*(log[name].tolist() for name in names), strict=True)])
    return path
