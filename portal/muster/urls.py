"""Roll-calls."""

from django.urls import path

from portal.muster import views

app_name = "muster"

urlpatterns = [
    path("", views.overview, name="overview"),
    path("on-site/", views.on_site, name="on_site"),
    path("start/<uuid:site_id>/", views.start, name="start"),
    path("<uuid:muster_id>/", views.roll, name="roll"),
    path("<uuid:muster_id>/changes/", views.changes, name="changes"),
    path("<uuid:muster_id>/marks/", views.marks, name="marks"),
    path("<uuid:muster_id>/people/", views.people, name="people"),
    path("<uuid:muster_id>/add/", views.add, name="add"),
    path("<uuid:muster_id>/end/", views.end, name="end"),
    path("<uuid:muster_id>/list.csv", views.listed, name="list"),
]
