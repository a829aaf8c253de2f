"""Days, exceptions, corrections, punches."""

from django.urls import path

import portal.attendance.converters  # noqa: F401 - dates in addresses
from portal.attendance.views import (
    asking,
    corrections,
    exceptions,
    month,
    person,
    punch_import,
    punches,
)

app_name = "attendance"

urlpatterns = [
    path("month/", month.grid, name="month"),
    path("people/<uuid:person_id>/", person.person, name="person"),
    path("people/<uuid:person_id>/<isodate:work_date>/", person.day, name="day"),
    path("import/", punch_import.imports, name="imports"),
    path("import/sample.csv", punch_import.sample, name="import_sample"),
    path("import/<uuid:import_id>/", punch_import.detail, name="import_detail"),
    path("import/<uuid:import_id>/apply/", punch_import.apply, name="import_apply"),
    path("import/<uuid:import_id>/stop/", punch_import.stop, name="import_stop"),
    path("import/<uuid:import_id>/discard/", punch_import.discard, name="import_discard"),
    path("import/<uuid:import_id>/refused.csv", punch_import.refused, name="import_refused"),
    path("exceptions/", exceptions.index, name="exceptions"),
    path("exceptions/assign/", exceptions.assign, name="assign_exceptions"),
    path("exceptions/waive/", exceptions.waive, name="waive_exceptions"),
    path("exceptions/excuse/", exceptions.excuse, name="excuse_exceptions"),
    path("exceptions/<uuid:exception_id>/", exceptions.detail, name="exception"),
    path("exceptions/<uuid:exception_id>/fix/", exceptions.fix, name="fix_exception"),
    path("punches/", punches.index, name="punches"),
    path("corrections/", corrections.index, name="corrections"),
    path("corrections/new/", asking.start, name="start_correction"),
    path(
        "corrections/new/<uuid:person_id>/<isodate:work_date>/",
        asking.ask,
        name="correct",
    ),
    path(
        "corrections/new/<uuid:person_id>/<isodate:work_date>/preview/",
        asking.preview,
        name="preview_correction",
    ),
    path("corrections/<uuid:correction_id>/", corrections.detail, name="correction"),
    path(
        "corrections/<uuid:correction_id>/approve/",
        corrections.approve,
        name="approve_correction",
    ),
    path("corrections/<uuid:correction_id>/refuse/", corrections.refuse, name="refuse_correction"),
    path(
        "corrections/<uuid:correction_id>/withdraw/",
        corrections.withdraw,
        name="withdraw_correction",
    ),
    path("corrections/<uuid:correction_id>/undo/", corrections.undo, name="undo_correction"),
    path(
        "corrections/<uuid:correction_id>/evidence/",
        corrections.evidence,
        name="correction_evidence",
    ),
]
