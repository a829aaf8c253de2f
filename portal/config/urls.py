"""The URL tree: one line per app."""

from django.urls import include, path
from django.views.generic import RedirectView

from portal.api.routes import api
from portal.system.views import healthz, readyz

urlpatterns = [
    path("healthz", healthz),
    path("readyz", readyz),
    path("", include("portal.dashboard.urls")),
    path("", include("portal.privacy.urls")),
    path("people/enrol/", include("portal.enrolment.urls")),
    path("people/journal/", include("portal.journal.urls")),
    path("people/gallery/", include("portal.hygiene.urls")),
    path("people/invitations/", include("portal.enrolment.invitation_urls")),
    path("join/", include("portal.enrolment.join_urls")),
    path("people/import/", include("portal.roster.urls")),
    path("people/organisation/", include("portal.organisation.urls")),
    path("people/", include("portal.people.urls")),
    path("cameras/", include("portal.cameras.urls")),
    path("review/search/", include("portal.facesearch.urls")),
    path("review/", include("portal.review.urls")),
    path("alerts/", include("portal.alerts.urls")),
    path("calibration/", include("portal.calibration.urls")),
    path("attendance/schedules/", include("portal.schedules.urls")),
    path("attendance/roll-call/", include("portal.muster.urls")),
    path("attendance/kiosks/", include("portal.kiosk.urls")),
    path("attendance/", include("portal.attendance.urls")),
    path("kiosk/", include("portal.kiosk.device_urls")),
    path("reports/", include("portal.reports.urls")),
    path("", include("portal.sightings.urls")),
    path("jobs/", include("portal.jobs.urls")),
    path("system/", include("portal.system.urls")),
    path("", include("portal.accounts.urls")),
    path("account/", include("allauth.urls")),
    path("api/v1/", api.urls),
    path("favicon.ico", RedirectView.as_view(url="/static/img/favicon.svg", permanent=False)),
]

handler400 = "portal.core.error_views.bad_request"
handler403 = "portal.core.error_views.forbidden"
handler404 = "portal.core.error_views.not_found"
handler500 = "portal.core.error_views.server_error"
