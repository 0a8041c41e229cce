"""Acting on churn scores: expected maximum profit, and the common measures of a ranking."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from custvalue._typing import Array
from custvalue.churn.maximum_profit import empc, mpc
from custvalue.churn.scores import calibration, gains, top_decile_lift
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
    yield from rows(_VERBRAKEN, "reference", texts, [best.profit, best.fraction])
    certain = mpc(_LEFT, _SCORE)
    texts = {"MPC": "10.15", "fraction to contact for MPC": "0.6"}
    yield from rows(_VERBRAKEN, "reference", texts, [certain.profit, certain.fraction])
    eight, score = np.tile([0, 1], 4), np.array([1, 2, 3, 4, 5, 6, 7, 9]) / 10
    perfect = np.array([1, 9, 2, 8, 3, 7, 4, 6]) / 10
    texts = {"EMPC of 8 customers": "23.8755934", "EMPC of a perfect score": "28.0000000"}
    both = [empc(eight, score).profit, empc(eight, perfect).profit]
    yield from rows("empulse 0.13", "reference", texts, both)
    names = {"lift of the top tenth": "2.0", "AUC": "0.84", "average precision": "0.680952381"}
    computed = [top_decile_lift(_LEFT, _SCORE), *_ranked(_LEFT, _SCORE)]
    yield from rows("scikit-learn, on the 20 customers", "reference", names, computed)
    names = {"Brier score": "0.176665", "log loss": "0.5276094667"}
    computed = [*_calibrated(_LEFT, _SCORE)]
    yield from rows("scikit-learn, on the 20 customers", "reference", names, computed)
    texts = {"P(active): 4 purchases, month 8 of 12": "0.198", "P(active): 2 purchases": "0.444"}
    active = event_history_activity([4, 2], 8, 12)
    yield from rows("Reinartz & Kumar 2002, HBR 80(7)", "memory", texts, active)


def _ranked(y: Array, score: Array) -> tuple[float, float]:
    """AUC and average precision from the gains curve.

    The curve's area is π/2 + (1 - π) AUC, π being the churn rate; the precision at a point is π gains/fraction.
    """
    curve, rate = gains(y, score), float(y.mean())
    area = float((np.diff(curve.fraction) * (curve.value[1:] + curve.value[:-1])).sum()) / 2
    precision = rate * curve.value[1:] / curve.fraction[1:]
    return (area - rate / 2) / (1 - rate), float((np.diff(curve.value) * precision).sum())


def _calibrated(y: Array, p: Array) -> tuple[float, float]:
    """Brier score and log loss from a calibration curve in whose bins all customers have the same probability."""
    curve = calibration(y, p, bins=100, method="uniform")
    p, rate, share = curve.predicted, curve.observed, curve.share
    brier = (share * ((p - rate) ** 2 + rate * (1 - rate))).sum()
    return float(brier), -float((share * (rate * np.log(p) + (1 - rate) * np.log1p(-p))).sum())
