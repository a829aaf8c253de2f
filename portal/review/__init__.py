"""Who was that: strangers grouped over time, names to confirm, and corrections that stick."""
