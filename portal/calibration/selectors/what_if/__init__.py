"""Reads of what-ifs: the ledger that they replay, and what their pages show."""
