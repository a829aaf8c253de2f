"""``up`` starts everything on this machine; ``prepare`` makes database and files ready."""
