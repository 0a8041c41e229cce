"""Rebuild the bundled CDNOW logs from the text files in the Lifetimes 0.11.3 wheel.

Run from the root of the project, with the wheel from PyPI (SHA-256 261e3dc8...5895da8, see PROVENANCE.md):

    python tests/reference/make_cdnow.py Lifetimes-0.11.3-py3-none-any.whl

With the same NumPy and zlib the result is the same bytes each time.
"""

import sys
import zipfile
from decimal import Decimal
from pathlib import Path

import numpy as np

DATASETS = Path(__file__).parents[2] / "src" / "custvalue" / "datasets"
FIRST_DAY = np.datetime64("1997-01-01")


def log_columns(text: str, ids: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Turn the lines into columns: the ids first, then date as yyyymmdd, number of CDs and dollars."""
    rows = [line.split() for line in text.splitlines() if line.strip()]
    if not rows[0][0].isdigit():
        rows = rows[1:]  # the master log has a header
    *names, dates, quantity, dollars = zip(*rows, strict=True)
    days = np.array([f"{d[:4]}-{d[4:6]}-{d[6:]}" for d in dates], dtype="datetime64[D]") - FIRST_DAY
    return {
        **{name: np.array(column, dtype=np.uint16) for name, column in zip(ids, names, strict=True)},
        "days": days.astype(np.uint16),
        "quantity": np.array(quantity, dtype=np.uint8),
        "cents": np.array([int(Decimal(d) * 100) for d in dollars], dtype=np.uint32),
    }


def main(wheel: str) -> None:
    """Write cdnow.npz and cdnow_full.npz beside the loader."""
    with zipfile.ZipFile(wheel) as archive:
        sample = archive.read("lifetimes/datasets/CDNOW_sample.txt").decode()
        master = archive.read("lifetimes/datasets/CDNOW_master.txt").decode()
    np.savez_compressed(DATASETS / "cdnow.npz", **log_columns(sample, ("master_id", "customer_id")))
    np.savez_compressed(DATASETS / "cdnow_full.npz", **log_columns(master, ("customer_id",)))


if __name__ == "__main__":
    main(sys.argv[1])
