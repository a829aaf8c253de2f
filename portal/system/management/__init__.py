"""Commands that start and prepare an installation."""
