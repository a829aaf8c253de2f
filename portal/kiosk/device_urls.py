"""What a tablet calls: the page it shows, and where it sends what it saw."""

from django.urls import path

from portal.kiosk.views import device

app_name = "kiosk_device"

urlpatterns = [
    path("", device.tablet, name="tablet"),
    path("worker.js", device.worker, name="worker"),
    path("pair/", device.pair, name="pair"),
    path("hello/", device.hello, name="hello"),
    path("events/", device.events, name="events"),
    path("events/<int:sequence>/", device.event, name="event"),
    path("events/<int:sequence>/withdraw/", device.withdraw, name="withdraw"),
]
