"""Reports and the export to payroll."""

from django.urls import path

from portal.reports.views import periods, report, saved

app_name = "reports"

urlpatterns = [
    path("", report.index, name="index"),
    path("saved/", saved.index, name="saved"),
    path("saved/<uuid:report_id>/", saved.open_saved, name="open_saved"),
    path("saved/<uuid:report_id>/forget/", saved.forget, name="forget"),
    path("periods/", periods.index, name="periods"),
    path("periods/new/", periods.make, name="make_period"),
    path("periods/<uuid:period_id>/", periods.detail, name="period"),
    path("periods/<uuid:period_id>/lock/", periods.lock, name="lock_period"),
    path("periods/<uuid:period_id>/remove/", periods.remove, name="remove_period"),
    path("periods/<uuid:period_id>/payroll/", periods.payroll, name="payroll"),
    path("<slug:slug>/", report.show, name="show"),
    path("<slug:slug>/file/", report.export, name="export"),
    path("<slug:slug>/chart.svg", report.chart_svg, name="chart_svg"),
    path("<slug:slug>/keep/", saved.keep, name="keep"),
]
