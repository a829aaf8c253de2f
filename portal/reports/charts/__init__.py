"""Reports that are looked at rather than read, as geometry. Public surface: see ``__all__``."""

from portal.reports.charts.bars import bars
from portal.reports.charts.heat import heat_map
from portal.reports.charts.lines import lines
from portal.reports.charts.parts import Chart

__all__ = ["Chart", "bars", "heat_map", "lines"]
