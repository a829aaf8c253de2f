"""Long work that a user can watch, and the one place from which tasks are sent."""
