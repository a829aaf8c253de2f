from django.urls import path

from portal.enrolment.views import photos, steps, webcam

app_name = "enrolment"

urlpatterns = [
    path("", steps.start, name="start"),
    path("for/<uuid:person_id>/", steps.start, name="start_for"),
    path("<uuid:enrolment_id>/", steps.draft, name="draft"),
    path("<uuid:enrolment_id>/check/", steps.check, name="check"),
    path("<uuid:enrolment_id>/lookalikes/", steps.lookalikes, name="lookalikes"),
    path("<uuid:enrolment_id>/lookalikes/<uuid:person_id>/same/", steps.same, name="same"),
    path(
        "<uuid:enrolment_id>/lookalikes/<uuid:person_id>/different/",
        steps.different,
        name="different",
    ),
    path("<uuid:enrolment_id>/confirm/", steps.confirm, name="confirm"),
    path("<uuid:enrolment_id>/cancel/", steps.cancel, name="cancel"),
    path("<uuid:enrolment_id>/photos/", steps.photos, name="photos"),
    path("<uuid:enrolment_id>/photos/add/", photos.add, name="add_photo"),
    path("<uuid:enrolment_id>/frame/", webcam.frame, name="frame"),
    path("frames/<uuid:frame_id>/", webcam.frame_result, name="frame_result"),
    path("photos/<uuid:photo_id>.jpg", photos.photo, name="photo"),
    path("photos/<uuid:photo_id>/choose/<int:position>/", photos.choose, name="choose"),
    path("photos/<uuid:photo_id>/vouch/", photos.vouch, name="vouch"),
    path("photos/<uuid:photo_id>/drop/", photos.drop, name="drop"),
    path("faces/<int:face_id>.jpg", photos.face, name="face"),
    path("walk-past/<uuid:person_id>/", webcam.walk_past, name="walk_past"),
    path("walk-past/<uuid:person_id>/frame/", webcam.walk_past_frame, name="walk_past_frame"),
    path("walk-past/frames/<uuid:frame_id>/", webcam.walk_past_result, name="walk_past_result"),
]
