from django.urls import path

from portal.enrolment import invitation_views as views

app_name = "invitation"

urlpatterns = [
    path("", views.index, name="list"),
    path("queue/", views.queue, name="queue"),
    path("new/", views.new, name="new"),
    path("many/", views.create_many, name="create_many"),
    path("for/<uuid:person_id>/", views.create, name="create"),
    path("<uuid:invitation_id>/", views.review, name="review"),
    path("<uuid:invitation_id>/renew/", views.renew, name="renew"),
    path("<uuid:invitation_id>/revoke/", views.revoke, name="revoke"),
    path("<uuid:invitation_id>/approve/", views.approve, name="approve"),
    path("<uuid:invitation_id>/send-back/", views.send_back, name="send_back"),
    path("<uuid:invitation_id>/decline/", views.decline, name="decline"),
    path("<uuid:invitation_id>/noted/", views.noted, name="noted"),
    path(
        "<uuid:invitation_id>/look-alike/<uuid:other_id>/<str:answer>/",
        views.answer,
        name="answer",
    ),
    path(
        "<uuid:invitation_id>/photos/<uuid:photo_id>/<str:change>/",
        views.change_photo,
        name="change_photo",
    ),
]
