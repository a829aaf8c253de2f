"""What is kept of people and for how long: retention clocks, the public policy, consent texts,
exports, erasure."""
