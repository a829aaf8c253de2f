"""Is the gallery right? What a look through it found, and one click to mend each."""
