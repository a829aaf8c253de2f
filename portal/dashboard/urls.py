from django.urls import path

import portal.attendance.converters  # noqa: F401 - dates in addresses
from portal.dashboard import me_days, me_views, views

app_name = "dashboard"

urlpatterns = [
    path("", views.today, name="today"),
    path("today/board/", views.today_board, name="board"),
    path("today/activity/", views.activity, name="activity"),
    path("today/people/", views.people, name="people"),
    path("search/", views.search, name="search"),
    path("me/", me_views.me, name="me"),
    path("me/days/", me_days.my_month, name="my_month"),
    path("me/days/<isodate:work_date>/", me_days.my_day, name="my_day"),
    path("me/photos/<uuid:image_id>.jpg", me_views.my_photo, name="my_photo"),
    path("me/sightings/<int:face_id>.jpg", me_views.my_sighting, name="my_sighting"),
]
