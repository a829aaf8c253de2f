"""The forms of a camera: its making, its settings, where its pictures come from, its hours."""

from portal.cameras.forms.create import KIND_CARDS, CameraForm
from portal.cameras.forms.details import DetailsForm
from portal.cameras.forms.region import RegionForm
from portal.cameras.forms.schedule import HoursFormSet, hours_formset, week_of
from portal.cameras.forms.source import SourceForm

__all__ = [
    "KIND_CARDS",
    "CameraForm",
    "DetailsForm",
    "HoursFormSet",
    "RegionForm",
    "SourceForm",
    "hours_formset",
    "week_of",
]
