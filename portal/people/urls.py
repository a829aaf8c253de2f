from django.urls import path

from portal.people import views

app_name = "people"

urlpatterns = [
    path("", views.index, name="list"),
    path("<uuid:person_id>/", views.detail, name="detail"),
    path("<uuid:person_id>/edit/", views.edit, name="edit"),
    path("<uuid:person_id>/suspend/", views.suspend, name="suspend"),
    path("<uuid:person_id>/reinstate/", views.reinstate, name="reinstate"),
    path("<uuid:person_id>/erase/", views.erase, name="erase"),
    path("photos/<uuid:image_id>.jpg", views.photo, name="photo"),
    path("photos/<uuid:image_id>/remove/", views.remove_photo, name="remove_photo"),
]
