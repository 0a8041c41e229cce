"""The records a user writes: `Customer`, `Relationship`, `CashFlow`."""
