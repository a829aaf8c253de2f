"""Pages about cameras: the list, one camera and how it is, its settings."""
