"""Pages of how sure a name must be."""
