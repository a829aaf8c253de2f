from django.urls import path

from portal.review.views import deciding, names, people, strangers

app_name = "review"

urlpatterns = [
    path("", names.queue, name="queue"),
    path("people/", people.pick, name="people"),
    path("visits/confirm/", deciding.confirm_many, name="confirm_many"),
    path("visits/<uuid:visit_id>/confirm/", deciding.confirm, name="confirm"),
    path("visits/<uuid:visit_id>/refuse/", deciding.refuse, name="refuse"),
    path("visits/<uuid:visit_id>/name/", deciding.name, name="name"),
    path("strangers/", strangers.index, name="strangers"),
    path("strangers/all/<slug:action>/", strangers.bulk, name="bulk"),
    path("strangers/<uuid:stranger_id>/", strangers.detail, name="stranger"),
    path("strangers/<uuid:stranger_id>/assign/", strangers.assign, name="assign"),
    path("strangers/<uuid:stranger_id>/enrol/", strangers.enrol, name="enrol"),
    path("strangers/<uuid:stranger_id>/split/", strangers.split, name="split"),
    path("strangers/<uuid:stranger_id>/note/", strangers.acknowledge, name="acknowledge"),
    path("strangers/<uuid:stranger_id>/<slug:action>/", strangers.change, name="change"),
]
