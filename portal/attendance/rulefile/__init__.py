"""A rule and some punches in a JSON file, to see what days they make.

Public surface: ``read_rule_file``, ``RuleFile``, ``RuleFileError``, ``days_as_json``.
"""

from portal.attendance.rulefile.fields import RuleFileError
from portal.attendance.rulefile.reader import RuleFile, read_rule_file
from portal.attendance.rulefile.writer import days_as_json

__all__ = ["RuleFile", "RuleFileError", "days_as_json", "read_rule_file"]
