"""How sure a name must be: measured, explained, tried out before it is saved, and taken back."""
