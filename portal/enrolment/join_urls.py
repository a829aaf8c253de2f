from django.urls import path

from portal.enrolment import join_views as views

app_name = "join"

urlpatterns = [
    path("thanks/", views.thanks, name="thanks"),
    path("no-thanks/", views.no_thanks, name="no_thanks"),
    path("<str:token>/", views.start, name="start"),
    path("<str:token>/agree/", views.agree, name="agree"),
    path("<str:token>/refuse/", views.refuse, name="refuse"),
    path("<str:token>/photos/", views.photos, name="photos"),
    path("<str:token>/photos/list/", views.photo_list, name="photo_list"),
    path("<str:token>/photos/add/", views.add_photo, name="add_photo"),
    path("<str:token>/photos/<uuid:photo_id>.jpg", views.photo, name="photo"),
    path("<str:token>/photos/<uuid:photo_id>/choose/<int:position>/", views.choose, name="choose"),
    path("<str:token>/photos/<uuid:photo_id>/drop/", views.drop, name="drop"),
    path("<str:token>/faces/<int:face_id>.jpg", views.face, name="face"),
    path("<str:token>/review/", views.review, name="review"),
    path("<str:token>/submit/", views.submit, name="submit"),
]
