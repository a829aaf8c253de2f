from django.urls import path

from portal.enrolment import views

app_name = "enrolment"

urlpatterns = [
    path("", views.start, name="start"),
    path("for/<uuid:person_id>/", views.start, name="start_for"),
    path("<uuid:enrolment_id>/", views.draft, name="draft"),
    path("<uuid:enrolment_id>/photos/", views.photos, name="photos"),
    path("<uuid:enrolment_id>/photos/add/", views.add_photo, name="add_photo"),
    path("<uuid:enrolment_id>/cancel/", views.cancel, name="cancel"),
    path("photos/<uuid:photo_id>.jpg", views.photo, name="photo"),
    path("photos/<uuid:photo_id>/choose/<int:position>/", views.choose, name="choose"),
    path("photos/<uuid:photo_id>/drop/", views.drop, name="drop"),
    path("faces/<int:face_id>.jpg", views.face, name="face"),
]
