"""Searching past visits by a face: with a reason, by few, and forgotten after a day."""
