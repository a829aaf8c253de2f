"""The landing page and the search."""
