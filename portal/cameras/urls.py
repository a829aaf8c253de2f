from django.urls import path

from portal.cameras.views import create, detail, health, listing, picture, settings, switches

app_name = "cameras"

urlpatterns = [
    path("", listing.index, name="list"),
    path("new/", create.create, name="create"),
    path("<uuid:camera_id>/", detail.detail, name="detail"),
    path("<uuid:camera_id>/health/", health.condition, name="health"),
    path("<uuid:camera_id>/funnel/", health.funnel, name="funnel"),
    path("<uuid:camera_id>/settings/", settings.settings, name="settings"),
    path("<uuid:camera_id>/address/", settings.address, name="address"),
    path("<uuid:camera_id>/region/", settings.region, name="region"),
    path("<uuid:camera_id>/schedule/", settings.schedule, name="schedule"),
    path("<uuid:camera_id>/delete/", settings.delete, name="delete"),
    path("<uuid:camera_id>/connection/", picture.connection, name="connection"),
    path("<uuid:camera_id>/still/", picture.still, name="still"),
    path("<uuid:camera_id>/key/", switches.renew_key, name="renew_key"),
    path("<uuid:camera_id>/switch/", switches.switch, name="switch"),
]
