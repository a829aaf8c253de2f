from django.urls import path

from portal.cameras import views

app_name = "cameras"

urlpatterns = [
    path("", views.index, name="list"),
    path("new/", views.create, name="create"),
    path("<uuid:camera_id>/", views.detail, name="detail"),
    path("<uuid:camera_id>/key/", views.renew_key, name="renew_key"),
    path("<uuid:camera_id>/switch/", views.switch, name="switch"),
]
