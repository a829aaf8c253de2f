"""The people who are known, and the basis on which their faces may be kept."""
