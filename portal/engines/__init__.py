"""Embedding spaces and what each recognition worker reports of itself."""
