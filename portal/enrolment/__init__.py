"""From photos to a person who is recognised, with a verdict for every photo."""
