"""The words for rates, for templates."""
