from django.urls import path

from portal.sightings import views, webcam

app_name = "sightings"

urlpatterns = [
    path("live/", views.live, name="live"),
    path("live/stream/", views.stream, name="stream"),
    path("live/tiles/", views.tiles, name="tiles"),
    path("live/visits/<uuid:visit_id>/", views.visit, name="visit"),
    path("live/<uuid:recognition_id>/", views.detail, name="detail"),
    path("live/<uuid:recognition_id>/picture.jpg", views.picture, name="picture"),
    path("live/cameras/<uuid:camera_id>/", views.stream_of, name="stream_of"),
    path("live/people/<uuid:person_id>/", views.of_person, name="of_person"),
    path("live/faces/<int:face_id>.jpg", views.crop, name="crop"),
    path("recognise/", views.recognise, name="recognise"),
    path("recognise/photos/", views.submit, name="submit"),
    path("recognise/refused/", views.refused, name="refused"),
    path("recognise/batches/", views.start_batch, name="start_batch"),
    path("recognise/<uuid:recognition_id>/", views.result, name="result"),
    path("cameras/<uuid:camera_id>/webcam/", webcam.webcam, name="webcam"),
    path("cameras/<uuid:camera_id>/frames/", webcam.frame, name="frame"),
    path("live/<uuid:recognition_id>/overlay/", webcam.overlay, name="overlay"),
]
