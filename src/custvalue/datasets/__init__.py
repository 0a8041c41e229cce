"""Small real transaction logs, with provenance."""
