"""Who of the unknown is the same as before. Public surface: ``group_waiting``, ``add_reference``,
``join_bar``, ``needs_grouping``."""

from workers.strangers.group import group_waiting, needs_grouping
from workers.strangers.reference import add_reference
from workers.strangers.rule import join_bar

__all__ = ["add_reference", "group_waiting", "join_bar", "needs_grouping"]
