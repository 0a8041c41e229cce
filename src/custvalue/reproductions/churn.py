"""Acting on churn scores: expected maximum profit, and the common measures of a ranking."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from custvalue.churn.scores import average_precision, brier, log_loss, roc_auc, top_decile_lift
from custvalue.churn.targeting import empc, mpc
from custvalue.relationships.strength import event_history_activity
from custvalue.reproductions.ledger import Reproduction, rows

_VERBRAKEN = "Verbraken, Verbeke & Baesens 2013, IEEE TKDE 25(5): defaults, on 20 customers"
_LEFT = np.zeros(20)
_LEFT[[0, 2, 3, 6, 11]] = 1
_SCORE = np.array([95, 90, 85, 80, 70, 65, 60, 55, 50, 45, 40, 35, 30, 25, 20, 15, 12, 10, 8, 5]) / 100


def entries() -> Iterator[Reproduction]:
    """The ledger's rows of this area."""
    best = empc(_LEFT, _SCORE)
    texts = {"EMPC": "10.2942911", "fraction to contact": "0.5259502"}
    yield from rows("churn", _VERBRAKEN, "reference", texts, [best.profit, best.fraction])
    certain = mpc(_LEFT, _SCORE)
    texts = {"MPC": "10.15", "fraction to contact for MPC": "0.6"}
    yield from rows("churn", _VERBRAKEN, "reference", texts, [certain.profit, certain.fraction])
    eight, score = np.tile([0, 1], 4), np.array([1, 2, 3, 4, 5, 6, 7, 9]) / 10
    perfect = np.array([1, 9, 2, 8, 3, 7, 4, 6]) / 10
    texts = {"EMPC of 8 customers": "23.8755934", "EMPC of a perfect score": "28.0000000"}
    both = [empc(eight, score).profit, empc(eight, perfect).profit]
    yield from rows("churn", "empulse 0.13", "reference", texts, both)
    names = {"lift of the top tenth": "2.0", "AUC": "0.84", "average precision": "0.680952381"}
    computed = [top_decile_lift(_LEFT, _SCORE), roc_auc(_LEFT, _SCORE), average_precision(_LEFT, _SCORE)]
    yield from rows("churn", "scikit-learn, on the 20 customers", "reference", names, computed)
    names = {"Brier score": "0.176665", "log loss": "0.5276094667"}
    computed = [brier(_LEFT, _SCORE).score, log_loss(_LEFT, _SCORE)]
    yield from rows("churn", "scikit-learn, on the 20 customers", "reference", names, computed)
    texts = {"P(active): 4 purchases, month 8 of 12": "0.198", "P(active): 2 purchases": "0.444"}
    active = event_history_activity([4, 2], 8, 12)
    yield from rows("churn", "Reinartz & Kumar 2002, HBR 80(7)", "memory", texts, active)
