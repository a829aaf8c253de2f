"""Who did what: an append-only, hash-chained log written by services."""
