"""Pictures to recognise, the decision about every face in them, and the live page."""
