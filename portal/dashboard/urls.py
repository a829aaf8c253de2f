from django.urls import path

from portal.dashboard import views

app_name = "dashboard"

urlpatterns = [
    path("", views.today, name="today"),
    path("today/board/", views.today_board, name="board"),
    path("search/", views.search, name="search"),
]
