from django.urls import path

from portal.alerts.views import alerts, channels, rules

app_name = "alerts"

urlpatterns = [
    path("", alerts.index, name="list"),
    path("alarms/", alerts.alarms, name="alarms"),
    path("acknowledge/", alerts.acknowledge, name="acknowledge"),
    path("close/", alerts.close, name="close"),
    path("rules/", rules.index, name="rules"),
    path("rules/new/", rules.create, name="add_rule"),
    path("rules/<uuid:rule_id>/", rules.edit, name="rule"),
    path("rules/<uuid:rule_id>/switch/", rules.switch, name="switch_rule"),
    path("rules/<uuid:rule_id>/delete/", rules.delete, name="delete_rule"),
    path("channels/", channels.index, name="channels"),
    path("channels/new/<slug:channel_kind>/", channels.create, name="add_channel"),
    path("channels/<uuid:channel_id>/", channels.detail, name="channel"),
    path("channels/<uuid:channel_id>/edit/", channels.edit, name="edit_channel"),
    path("channels/<uuid:channel_id>/switch/", channels.switch, name="switch_channel"),
    path("channels/<uuid:channel_id>/test/", channels.test, name="test_channel"),
    path("channels/<uuid:channel_id>/secret/", channels.renew_secret, name="renew_secret"),
    path("channels/<uuid:channel_id>/delete/", channels.delete, name="delete_channel"),
    path("deliveries/<uuid:delivery_id>/again/", channels.send_again, name="send_again"),
    path("<uuid:alert_id>/", alerts.detail, name="detail"),
]
