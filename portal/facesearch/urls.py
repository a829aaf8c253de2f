from django.urls import path

from portal.facesearch import views

app_name = "facesearch"

urlpatterns = [
    path("", views.start, name="start"),
    path("<uuid:search_id>/", views.result, name="result"),
    path("<uuid:search_id>/faces/<int:position>/", views.choose, name="choose"),
    path("<uuid:search_id>/faces/<int:position>.jpg", views.face, name="face"),
]
