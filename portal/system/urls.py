from django.urls import path

from portal.system import views

app_name = "system"

urlpatterns = [
    path("", views.health_page, name="health"),
    path("tokens/", views.tokens, name="tokens"),
    path("tokens/new/", views.create_token, name="create_token"),
    path("tokens/<uuid:token_id>/revoke/", views.revoke_token, name="revoke_token"),
]
