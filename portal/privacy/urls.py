from django.urls import path

from portal.privacy import views

app_name = "privacy"

urlpatterns = [
    path("privacy/", views.policy, name="policy"),
    path("privacy/qr.svg", views.policy_qr, name="policy_qr"),
    path("people/privacy/", views.overview, name="overview"),
    path("people/privacy/dry-run/", views.dry_run, name="dry_run"),
    path("people/privacy/retention/", views.save_retention, name="save_retention"),
    path("people/privacy/notice/", views.save_notice, name="save_notice"),
    path("people/privacy/texts/", views.texts, name="texts"),
    path("people/privacy/texts/new/", views.publish, name="publish"),
    path("people/privacy/texts/<uuid:text_id>/", views.text, name="text"),
    path("people/privacy/texts/<uuid:text_id>.txt", views.text_file, name="text_file"),
    path("people/privacy/ask-again/", views.ask_again, name="ask_again"),
    path("people/privacy/erasures/", views.erasures, name="erasures"),
    path("people/privacy/erasures/<int:seq>/", views.certificate, name="certificate"),
    path("people/privacy/consents/<uuid:consent_id>/", views.release, name="release"),
    path("people/privacy/consents/<uuid:consent_id>/evidence/", views.evidence, name="evidence"),
    path("people/<uuid:person_id>/privacy/", views.person, name="person"),
    path("people/<uuid:person_id>/privacy/consent/", views.record, name="record"),
    path("people/<uuid:person_id>/privacy/withdraw/", views.withdraw, name="withdraw"),
    path("people/<uuid:person_id>/privacy/hold/", views.hold, name="hold"),
    path("people/<uuid:person_id>/privacy/export/", views.export, name="export"),
    path("people/<uuid:person_id>/privacy/erase/", views.erase, name="erase"),
]
