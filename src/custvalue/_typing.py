"""Names for the array types of the library: anything array-like goes in, float64 arrays come out."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.intp]
Bools: TypeAlias = NDArray[np.bool_]
Parameter: TypeAlias = float | Array
"""A model's parameter: one number, or an array that broadcasts over customers or draws."""

__all__ = ["Array", "ArrayLike", "Bools", "Ints", "NDArray", "Parameter"]
