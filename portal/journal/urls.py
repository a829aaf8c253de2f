from django.urls import path

from portal.journal import views

app_name = "journal"

urlpatterns = [
    path("", views.index, name="list"),
    path("<uuid:act_id>/undo/", views.undo, name="undo"),
]
