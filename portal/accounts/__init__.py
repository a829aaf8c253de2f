"""Users, roles, first run and API tokens."""
