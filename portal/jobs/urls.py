from django.urls import path

from portal.jobs import views

app_name = "jobs"

urlpatterns = [
    path("", views.index, name="list"),
    path("<uuid:job_id>/", views.detail, name="detail"),
    path("<uuid:job_id>/cancel/", views.cancel, name="cancel"),
]
