"""The family of models of spend: what each predicts."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np

from custvalue._typing import Array, ArrayLike
from custvalue.evidence.rfm import RFM
from custvalue.models.model import Model


class SpendModel(Model):
    """What customers spend per purchase: predictions from an `RFM` with mean spend m."""

    @abstractmethod
    def expected_spend(self, rfm: RFM) -> Array:
        """E[spend per purchase | history] of each row; the population mean where m_count = 0."""

    @abstractmethod
    def expected_spend_new(self) -> Array:
        """E[spend per purchase] of a customer about to be won: the population mean."""

    @abstractmethod
    def simulate(self, m_count: ArrayLike, *, rng: np.random.Generator | int) -> Array:
        """Draw the mean spend of one customer for each number of purchases; 0 where that is 0."""
