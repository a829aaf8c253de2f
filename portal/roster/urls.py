from django.urls import path

from portal.roster import views

app_name = "roster"

urlpatterns = [
    path("", views.start, name="start"),
    path("sample.csv", views.sample, name="sample"),
    path("<uuid:roster_id>/", views.detail, name="detail"),
    path("<uuid:roster_id>/columns/", views.columns, name="columns"),
    path("<uuid:roster_id>/apply/", views.apply, name="apply"),
    path("<uuid:roster_id>/stop/", views.stop, name="stop"),
    path("<uuid:roster_id>/discard/", views.discard, name="discard"),
    path("<uuid:roster_id>/undo/", views.undo, name="undo"),
    path("<uuid:roster_id>/report.csv", views.report, name="report"),
]
