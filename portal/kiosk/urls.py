"""Kiosks, as their administrators see them."""

from django.urls import path

from portal.kiosk.views import manage

app_name = "kiosk"

urlpatterns = [
    path("", manage.kiosks, name="list"),
    path("new/", manage.create, name="create"),
    path("<uuid:kiosk_id>/", manage.detail, name="detail"),
    path("<uuid:kiosk_id>/settings/", manage.update, name="update"),
    path("<uuid:kiosk_id>/link/", manage.renew, name="renew"),
    path("<uuid:kiosk_id>/off/", manage.revoke, name="revoke"),
]
