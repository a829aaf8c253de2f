"""Pages about people: the list and what is done with it, one person, photos, ways in."""
