"""Small real logs and tables, as mappings of arrays: no dataframe library is needed, any takes them."""

from __future__ import annotations

from importlib.resources import files
from typing import Any, Final

import numpy as np

from custvalue._columns import read_only
from custvalue._typing import NDArray

_FIRST_DAY: Final = np.datetime64("1997-01-01", "D")


def cdnow() -> dict[str, NDArray[Any]]:
    """Return the CDNOW sample: 6,919 purchases of 2,357 customers, the log of the field's papers.

    A tenth of the customers of `cdnow_full`: first purchase at the CD shop CDNOW between 1 January and
    25 March 1997, all purchases until 30 June 1998. The papers fit to the first 39 weeks (until
    30 September 1997) and predict the next 39.

    Returns
    -------
    dict of read-only arrays, one row per purchase
        customer_id : int64, 1 to 2357 (the sample's own numbers, as in the papers);
        date : datetime64[D];
        amount : float64, US dollars (8 purchases cost nothing);
        quantity : int64, number of CDs;
        master_id : int64, the customer's number in `cdnow_full`.

    Notes
    -----
    Source: P. S. Fader and B. G. S. Hardie's CDNOW data, as distributed with the Python package
    lifetimes 0.11.3 (MIT licence); see PROVENANCE.md beside this file. Row order is the source's: by
    customer, then by date. Several purchases on one day are separate rows.

    Examples
    --------
    >>> log = cdnow()
    >>> {name: column[0].item() for name, column in log.items()}  # doctest: +NORMALIZE_WHITESPACE
    {'customer_id': 1, 'date': datetime.date(1997, 1, 1), 'amount': 29.33, 'quantity': 2,
     'master_id': 4}
    """
    return _load("cdnow.npz")


def cdnow_full() -> dict[str, NDArray[Any]]:
    """Return the whole CDNOW cohort: 69,659 purchases of 23,570 customers.

    Everyone whose first purchase at CDNOW fell between 1 January and 25 March 1997, with all purchases
    until 30 June 1998. The columns are those of `cdnow`, with customer_id 1 to 23570 and without
    master_id (80 purchases cost nothing).

    Examples
    --------
    >>> print(f"{cdnow_full()['amount'].sum():,.2f}")
    2,500,315.63
    """
    return _load("cdnow_full.npz")


def donations() -> dict[str, NDArray[Any]]:
    """Return the donations table: 11,104 people who first gave to a nonprofit in 1995, and when again until 2001.

    Fader, Hardie & Shang's (2010) data, for the BG/BB model: yearly gifts, counted over the six years after the first.

    Returns
    -------
    dict of read-only int64 arrays, one row per pattern (22)
        x : in how many of the years they gave; t_x : the last of these, 0 if none; n : years, 6; weights : people.

    Notes
    -----
    Source: as distributed with the Python package lifetimes 0.11.3 (MIT licence); see PROVENANCE.md beside this file.

    Examples
    --------
    >>> from custvalue import Opportunities
    >>> Opportunities.from_table(donations(), unit="year")
    Opportunities of 11,104 customers, yearly: 24,615 repeat purchases, 3,464 with none, n from 6 to 6
    """
    x = [0] + [1] * 6 + [2] * 5 + [3] * 4 + [4] * 3 + [5] * 2 + [6]
    t_x = [0, *range(1, 7), *range(2, 7), *range(3, 7), *range(4, 7), 5, 6, 6]
    people = [3464, 1091, 277, 129, 78, 119, 129, 613, 255, 155, 173, 234, 322, 181, 225, 357, 240, 284, 512]
    columns = {"x": x, "t_x": t_x, "n": [6] * len(x), "weights": [*people, 335, 728, 1203]}
    return {name: read_only(np.array(column, dtype=np.int64)) for name, column in columns.items()}


def _load(file: str) -> dict[str, NDArray[Any]]:
    with files(__name__).joinpath(file).open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
        columns = {
            "customer_id": stored["customer_id"].astype(np.int64),
            "date": _FIRST_DAY + stored["days"],
            "amount": stored["cents"] / 100,
            "quantity": stored["quantity"].astype(np.int64),
        }
        if "master_id" in stored:
            columns["master_id"] = stored["master_id"].astype(np.int64)
    return {name: read_only(column) for name, column in columns.items()}
