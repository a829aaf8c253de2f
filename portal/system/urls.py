from django.urls import path

from portal.system import audit_views, views

app_name = "system"

urlpatterns = [
    path("", views.health_page, name="health"),
    path("audit/", audit_views.audit, name="audit"),
    path("audit/export.csv", audit_views.export_audit, name="export_audit"),
    path("tokens/", views.tokens, name="tokens"),
    path("tokens/new/", views.create_token, name="create_token"),
    path("tokens/<uuid:token_id>/revoke/", views.revoke_token, name="revoke_token"),
]
