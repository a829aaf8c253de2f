from django.urls import path

from portal.dashboard import me_views, views

app_name = "dashboard"

urlpatterns = [
    path("", views.today, name="today"),
    path("today/board/", views.today_board, name="board"),
    path("search/", views.search, name="search"),
    path("me/", me_views.me, name="me"),
    path("me/photos/<uuid:image_id>.jpg", me_views.my_photo, name="my_photo"),
    path("me/sightings/<int:face_id>.jpg", me_views.my_sighting, name="my_sighting"),
]
