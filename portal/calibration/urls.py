"""Addresses of the Calibration pages."""

from __future__ import annotations

from django.urls import path

from portal.calibration.views import (
    drift,
    history,
    look_alikes,
    model,
    own_model,
    proposals,
    what_if,
    where,
)
from portal.calibration.views.accuracy import accuracy_csv, accuracy_page
from portal.calibration.views.overview import chart_csv, chart_svg, measure, overview, save

app_name = "calibration"
urlpatterns = [
    path("", overview, name="overview"),
    path("measure/", measure, name="measure"),
    path("save/", save, name="save"),
    path("runs/<uuid:run_id>/<slug:chart>.svg", chart_svg, name="chart_svg"),
    path("runs/<uuid:run_id>/<slug:chart>.csv", chart_csv, name="chart_csv"),
    path("model/", model.index, name="model"),
    path("model/prepare/", model.prepare, name="model_prepare"),
    path("model/<uuid:switch_id>/cancel/", model.cancel, name="model_cancel"),
    path("model/<uuid:switch_id>/measure/", model.measure, name="model_measure"),
    path("model/<uuid:switch_id>/threshold/", model.threshold, name="model_threshold"),
    path("model/<uuid:switch_id>/use/", model.change, name="model_use"),
    path("model/<uuid:switch_id>/back/", model.go_back, name="model_back"),
    path("own-model/", own_model.index, name="own_model"),
    path("own-model/start/", own_model.start, name="own_model_start"),
    path("own-model/<uuid:own_model_id>/cancel/", own_model.cancel, name="own_model_cancel"),
    path("own-model/<uuid:own_model_id>/remove/", own_model.remove, name="own_model_remove"),
    path(
        "own-model/<uuid:own_model_id>/strengths.svg",
        own_model.chart,
        {"form": "svg"},
        name="own_model_svg",
    ),
    path(
        "own-model/<uuid:own_model_id>/strengths.csv",
        own_model.chart,
        {"form": "csv"},
        name="own_model_csv",
    ),
    path("history/", history.index, name="history"),
    path("history/<int:number>/", history.rule, name="rule"),
    path("history/back/", history.back, name="back"),
    path("proposals/<uuid:proposal_id>/approve/", proposals.approve, name="approve"),
    path("proposals/<uuid:proposal_id>/refuse/", proposals.refuse, name="refuse"),
    path("proposals/<uuid:proposal_id>/withdraw/", proposals.withdraw, name="withdraw"),
    path("cameras/", where.index, name="cameras"),
    path("cameras/<uuid:camera_id>/offset/", where.offset, name="offset"),
    path("accuracy/", accuracy_page, name="accuracy"),
    path("accuracy/<slug:table>.csv", accuracy_csv, name="accuracy_csv"),
    path("look-alikes/", look_alikes.index, name="look_alikes"),
    path("look-alikes/<uuid:pair_id>/different/", look_alikes.different, name="different"),
    path("drift/", drift.index, name="drift"),
    path("drift/<uuid:finding_id>/dismiss/", drift.dismiss, name="dismiss_drift"),
    path("drift/<uuid:finding_id>/scores.svg", drift.scores_svg, name="drift_svg"),
    path("drift/<uuid:finding_id>/scores.csv", drift.scores_csv, name="drift_csv"),
    path("what-if/", what_if.what_if_new, name="what_if_new"),
    path("what-if/<uuid:what_if_id>/", what_if.what_if, name="what_if"),
    path("what-if/<uuid:what_if_id>/cancel/", what_if.what_if_cancel, name="what_if_cancel"),
    path("what-if/<uuid:what_if_id>/save/", what_if.what_if_save, name="what_if_save"),
    path("what-if/<uuid:what_if_id>/changes.csv", what_if.what_if_csv, name="what_if_csv"),
    path(
        "what-if/<uuid:what_if_id>/days.svg",
        what_if.what_if_chart,
        {"form": "svg"},
        name="what_if_svg",
    ),
    path(
        "what-if/<uuid:what_if_id>/days.csv",
        what_if.what_if_chart,
        {"form": "csv"},
        name="what_if_days",
    ),
]
