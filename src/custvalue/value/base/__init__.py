"""The customer base as a whole: leaky bucket, contract book, customer equity."""
