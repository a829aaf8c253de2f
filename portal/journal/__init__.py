"""The journal of acts that can be taken back, and the taking back."""
