from django.urls import path

from portal.people import act_views, merge_views
from portal.people.views import credentials, listing, person, photos

app_name = "people"

urlpatterns = [
    path("", listing.index, name="list"),
    path("bulk/", listing.bulk, name="bulk"),
    path("export/", listing.export, name="export"),
    path("filters/", listing.save_filter, name="save_filter"),
    path("filters/<uuid:filter_id>/delete/", listing.delete_filter, name="delete_filter"),
    path("<uuid:person_id>/", person.detail, name="detail"),
    path("<uuid:person_id>/edit/", person.edit, name="edit"),
    path("<uuid:person_id>/suspend/", act_views.suspend, name="suspend"),
    path("<uuid:person_id>/reinstate/", act_views.reinstate, name="reinstate"),
    path("<uuid:person_id>/left/", act_views.left, name="left"),
    path("<uuid:person_id>/remove/", act_views.remove, name="remove"),
    path("<uuid:person_id>/merge/", merge_views.pick, name="merge"),
    path("<uuid:source_id>/merge/<uuid:target_id>/", merge_views.merge, name="merge_into"),
    path("<uuid:person_id>/pin/", credentials.issue_pin, name="issue_pin"),
    path("<uuid:person_id>/qr/", credentials.issue_qr, name="issue_qr"),
    path("<uuid:person_id>/<str:kind>/revoke/", credentials.revoke, name="revoke_credential"),
    path("photos/<uuid:image_id>.jpg", photos.photo, name="photo"),
    path("photos/<uuid:image_id>/remove/", act_views.remove_photo, name="remove_photo"),
    path("photos/<uuid:image_id>/move/", merge_views.move_photo, name="move_photo"),
    path("photos/<uuid:image_id>/aside/", act_views.set_aside, name="set_aside"),
    path("photos/<uuid:image_id>/take-in/", act_views.take_in, name="take_in"),
]
