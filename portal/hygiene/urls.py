from django.urls import path

from portal.hygiene import views

app_name = "hygiene"

urlpatterns = [
    path("", views.index, name="gallery"),
    path("look/", views.look, name="look"),
    path("findings/<uuid:finding_id>/dismiss/", views.dismiss, name="dismiss"),
    path("pairs/<uuid:pair_id>/different/", views.tell_apart, name="tell_apart"),
]
