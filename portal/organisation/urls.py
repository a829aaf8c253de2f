from django.urls import path

from portal.organisation import views

app_name = "organisation"

urlpatterns = [
    path("", views.index, name="index"),
    path("sites/new/", views.add_site, name="add_site"),
    path("sites/<uuid:site_id>/", views.site, name="site"),
    path("sites/<uuid:site_id>/delete/", views.delete_site, name="delete_site"),
    path("sites/<uuid:site_id>/departments/", views.add_department, name="add_department"),
    path("departments/<uuid:department_id>/", views.department, name="department"),
    path(
        "departments/<uuid:department_id>/delete/",
        views.delete_department,
        name="delete_department",
    ),
]
