"""Published figures, recomputed on the spot: `run()` gives the ledger, `python -m custvalue reproduce` prints it."""

from custvalue.reproductions.ledger import AREAS, Ledger, Reproduction, run

__all__ = ["AREAS", "Ledger", "Reproduction", "run"]
