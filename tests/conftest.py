"""How tests run: the same examples at every run, or many new ones on demand; one thread for linear algebra.

A run that is asked for nothing repeats itself, in CI and on a user's machine: what fails there failed for its author.
To look further, draw new examples, by profile or by number:

    pytest --hypothesis-profile=explore
    CUSTVALUE_EXAMPLES=1000 pytest tests/models

No example has a deadline: how long one takes says how busy the machine is.
"""

from __future__ import annotations

import os

from hypothesis import settings

# Before NumPy is imported. The matrices here have a few rows; threads for them only wait for each other, which takes
# longer than all the rest on a busy machine.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

settings.register_profile("repeat", max_examples=30, deadline=None, derandomize=True)
settings.register_profile(
    "explore", max_examples=int(os.environ.get("CUSTVALUE_EXAMPLES", "300")), deadline=None, derandomize=False
)
settings.load_profile("explore" if "CUSTVALUE_EXAMPLES" in os.environ else "repeat")
