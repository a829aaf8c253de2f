"""Sites with their time zones, and the tree of departments: what rights are scoped by."""
