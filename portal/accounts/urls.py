from django.urls import path

from portal.accounts import user_views, views

app_name = "accounts"

urlpatterns = [
    path("setup/", views.setup, name="setup"),
    path("system/users/", user_views.index, name="users"),
    path("system/users/new/", user_views.add_user, name="add_user"),
    path("system/users/<int:user_id>/", user_views.user, name="user"),
    path("system/users/<int:user_id>/link/", user_views.new_link, name="new_link"),
    path("system/users/<int:user_id>/deactivate/", user_views.deactivate, name="deactivate"),
    path("system/users/<int:user_id>/reactivate/", user_views.reactivate, name="reactivate"),
]
