"""Every address, every role: generated from the URL tree, so that a new one cannot be forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from portal.accounts.models import Role
from portal.audit.models import AuditEntry
from portal.core.policies import ALL_PERMISSIONS, permissions_of
from portal.organisation.models import Department
from tests.conftest import SIGN_IN_BACKEND
from tests.factories import UserFactory, api_token
from tests.factories.elsewhere import MARK, Elsewhere, build_elsewhere
from tests.factories.world import World, build_world

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Page:
    """``permission`` guards it; a write answers 405 to GET; ``post`` is the answer to a form with
    nothing useful in it, by somebody who may send it (who needs ``post_permission`` where that is
    another one). ``is_own`` is there for the one whose account the world's person is, and
    ``is_anothers`` for one user alone, who is none of those who ask."""

    permission: str
    post: int = 200
    is_write: bool = False
    post_permission: str = ""
    is_own: bool = False
    is_anothers: bool = False
    # The right that reaches other people; without it the page is there for one's own person.
    of_others: str = ""

    def needed(self, method: str) -> set[str]:
        return {self.permission, (method == "POST" and self.post_permission) or self.permission}


def write(permission: str, post: int = 302) -> Page:
    return Page(permission, post=post, is_write=True)


PAGES = {
    "dashboard:today": Page("dashboard.view"),
    "dashboard:board": Page("attendance.view"),
    "dashboard:activity": Page("dashboard.view"),
    "dashboard:people": Page("attendance.view"),
    "dashboard:me": Page("self.view"),
    "dashboard:my_photo": Page("self.view", is_own=True),
    "dashboard:my_sighting": Page("self.view", is_own=True),
    "dashboard:my_month": Page("self.view", is_own=True),
    "dashboard:my_day": Page("self.view", is_own=True),
    "attendance:month": Page("attendance.view"),
    "attendance:person": Page("attendance.view"),
    "attendance:day": Page("attendance.view"),
    "attendance:exceptions": Page("attendance.view"),
    "attendance:assign_exceptions": write("attendance.manage"),
    "attendance:waive_exceptions": write("attendance.manage"),
    "attendance:excuse_exceptions": write("attendance.request"),
    "attendance:exception": Page("attendance.view"),
    "attendance:fix_exception": write("attendance.request"),
    "attendance:punches": Page("attendance.view"),
    # One's own days, and, with another right, those of the people one answers for.
    "attendance:corrections": Page("self.view"),
    "attendance:start_correction": Page("self.view"),
    "attendance:correct": Page("self.view", post=422, of_others="attendance.request"),
    "attendance:preview_correction": Page(
        "self.view", is_write=True, of_others="attendance.request"
    ),
    "attendance:correction": Page("self.view"),
    "attendance:approve_correction": write("attendance.decide"),
    "attendance:refuse_correction": write("attendance.decide"),
    "attendance:withdraw_correction": write("self.view"),
    "attendance:undo_correction": write("self.view"),
    "attendance:correction_evidence": Page("self.view", post=405),
    "reports:index": Page("reports.view", post=405),
    "reports:show": Page("reports.view", post=405),
    "reports:export": write("reports.export", post=400),
    "reports:chart_svg": Page("reports.export", post=405),
    "reports:keep": write("reports.view"),
    "reports:saved": Page("reports.view", post=405),
    "reports:open_saved": Page("reports.view", post=405, is_anothers=True),
    # Somebody else's.
    "reports:forget": write("reports.view", post=404),
    "reports:periods": Page("reports.view", post=405),
    "reports:make_period": write("attendance.manage", post=400),
    "reports:period": Page("reports.view", post=405),
    "reports:lock_period": write("attendance.manage"),
    "reports:remove_period": write("attendance.manage"),
    "reports:payroll": write("payroll.manage", post=400),
    "organisation:index": Page("organisation.view"),
    "organisation:add_site": Page("organisation.manage", post=422),
    "organisation:site": Page("organisation.manage", post=422),
    "organisation:delete_site": write("organisation.manage"),
    "organisation:add_department": Page("organisation.manage", post=422),
    "organisation:department": Page("organisation.manage", post=422),
    "organisation:delete_department": write("organisation.manage"),
    "accounts:users": Page("users.view"),
    "accounts:add_user": Page("users.manage", post=422),
    "accounts:user": Page("users.view", post=422, post_permission="users.manage"),
    "accounts:new_link": write("users.manage"),
    "accounts:deactivate": write("users.manage"),
    "accounts:reactivate": write("users.manage"),
    "enrolment:start": write("people.manage"),
    "enrolment:start_for": write("people.manage"),
    "enrolment:draft": Page("people.manage", post=405),
    "enrolment:check": Page("people.manage", post=405),
    "enrolment:lookalikes": Page("people.manage", post=405),
    "enrolment:same": write("people.manage"),
    "enrolment:different": write("people.manage"),
    "enrolment:confirm": Page("people.manage", post=422),
    "enrolment:frame": write("people.manage", post=422),
    # Somebody else's frame is nobody's business.
    "enrolment:frame_result": write("people.manage", post=404),
    "enrolment:walk_past": Page("people.manage", post=405),
    "enrolment:walk_past_frame": write("people.manage", post=400),
    "enrolment:walk_past_result": write("people.manage", post=404),
    "enrolment:photos": Page("people.manage", post=405),
    "enrolment:add_photo": write("people.manage", post=400),
    "enrolment:cancel": write("people.manage"),
    "enrolment:photo": Page("people.manage"),
    "enrolment:choose": write("people.manage"),
    "enrolment:drop": write("people.manage"),
    "enrolment:vouch": write("people.manage", post=409),
    "enrolment:face": Page("people.manage"),
    "invitation:list": Page("people.manage"),
    "invitation:queue": Page("people.manage"),
    "invitation:new": Page("people.manage", post=422),
    "invitation:create": write("people.manage", post=200),
    "invitation:create_many": write("people.manage", post=400),
    "invitation:review": Page("people.manage"),
    "invitation:renew": write("people.manage", post=200),
    "invitation:revoke": write("people.manage"),
    "invitation:approve": write("people.manage"),
    "invitation:send_back": write("people.manage", post=400),
    "invitation:decline": write("people.manage"),
    "invitation:noted": write("people.manage"),
    # Nobody asked whether this is somebody else, and the photo is another draft's.
    "invitation:answer": write("people.manage", post=404),
    "invitation:change_photo": write("people.manage", post=404),
    "people:list": Page("people.view"),
    "people:detail": Page("people.view"),
    "people:edit": Page("people.manage", post=422),
    "people:suspend": write("people.manage"),
    "people:reinstate": write("people.manage"),
    "people:bulk": write("people.manage", post=400),
    "people:export": write("people.export", post=400),
    "people:save_filter": write("people.view", post=400),
    # A saved filter belongs to one user; this one is nobody's.
    "people:delete_filter": write("people.view", post=404),
    "people:issue_pin": write("people.manage", post=200),
    "people:issue_qr": write("people.manage", post=200),
    "people:revoke_credential": write("people.manage"),
    "people:photo": Page("people.view"),
    "people:remove_photo": write("people.manage"),
    "people:set_aside": write("people.manage"),
    "people:take_in": write("people.manage", post=409),
    "people:move_photo": Page("people.manage", post=400),
    "people:left": write("people.manage", post=400),
    "people:remove": write("people.manage"),
    "people:merge": Page("people.manage"),
    "people:merge_into": Page("people.manage", post=302),
    "journal:list": Page("people.view"),
    # The world's act is one of people; undoing needs the right that the act itself needed.
    "journal:undo": Page("people.view", post=302, is_write=True, post_permission="people.manage"),
    "hygiene:gallery": Page("people.view"),
    "hygiene:look": write("people.manage"),
    "hygiene:dismiss": write("people.manage"),
    "hygiene:tell_apart": write("people.manage"),
    "privacy:overview": Page("privacy.view"),
    "privacy:dry_run": Page("privacy.view"),
    "privacy:save_retention": write("privacy.manage", post=422),
    "privacy:save_notice": write("privacy.manage", post=422),
    "privacy:texts": Page("privacy.view"),
    "privacy:publish": Page("privacy.manage", post=422),
    "privacy:text": Page("privacy.view"),
    "privacy:text_file": Page("privacy.view"),
    "privacy:ask_again": Page("privacy.view"),
    "privacy:erasures": Page("privacy.view"),
    "privacy:certificate": Page("privacy.view"),
    "privacy:release": Page("privacy.view"),
    "privacy:evidence": Page("privacy.view"),
    "privacy:person": Page("privacy.view"),
    "privacy:record": write("privacy.manage", post=422),
    "privacy:withdraw": write("privacy.manage"),
    "privacy:hold": write("privacy.manage"),
    "privacy:export": write("privacy.manage", post=400),
    "privacy:erase": Page("privacy.manage", post=422),
    "roster:start": Page("people.import", post=422),
    "roster:sample": Page("people.import", post=405),
    "roster:detail": Page("people.import", post=405),
    "roster:columns": Page("people.import", post=422),
    "roster:apply": write("people.import"),
    "roster:stop": write("people.import", post=409),
    "roster:discard": write("people.import"),
    "roster:undo": write("people.import", post=409),
    "roster:report": Page("people.import", post=405),
    "cameras:list": Page("cameras.view"),
    "cameras:create": Page("cameras.manage", post=422),
    "cameras:detail": Page("cameras.view"),
    "cameras:health": Page("cameras.view"),
    "cameras:funnel": Page("cameras.view"),
    "cameras:settings": Page("cameras.manage", post=422),
    # A camera that sends its pictures has no address, and one that saw somebody is not deleted.
    "cameras:address": write("cameras.manage", post=400),
    "cameras:region": write("cameras.manage", post=422),
    "cameras:schedule": write("cameras.manage", post=422),
    "cameras:delete": write("cameras.manage", post=409),
    "cameras:connection": Page("cameras.view"),
    "cameras:still": Page("cameras.view"),
    "cameras:renew_key": write("cameras.manage"),
    "cameras:switch": write("cameras.manage"),
    "sightings:live": Page("sightings.view"),
    "sightings:stream": Page("sightings.view"),
    "sightings:tiles": Page("sightings.view"),
    "sightings:visit": Page("sightings.view"),
    "sightings:stream_of": Page("cameras.view"),
    "sightings:detail": Page("sightings.view"),
    "sightings:picture": Page("sightings.view"),
    "sightings:of_person": Page("sightings.view"),
    "sightings:crop": Page("sightings.view"),
    "sightings:result": Page("sightings.view"),
    "sightings:overlay": Page("sightings.view"),
    "sightings:recognise": Page("sightings.recognise"),
    "sightings:submit": write("sightings.recognise", post=400),
    "sightings:refused": write("sightings.recognise", post=404),
    "sightings:start_batch": write("sightings.recognise", post=400),
    "sightings:webcam": Page("sightings.recognise"),
    "sightings:frame": write("sightings.recognise", post=422),
    "review:queue": Page("review.view"),
    "review:people": Page("review.decide"),
    "review:confirm_many": write("review.decide", post=400),
    "review:confirm": write("review.decide"),
    "review:refuse": write("review.decide"),
    "review:name": write("review.decide", post=400),
    "review:strangers": Page("review.view"),
    "review:bulk": write("review.decide", post=400),
    "review:stranger": Page("review.view"),
    "review:assign": write("review.decide", post=400),
    # A new person is for those who may enrol.
    "review:enrol": Page("review.decide", post=302, is_write=True, post_permission="people.manage"),
    "review:split": write("review.decide", post=400),
    "review:acknowledge": write("review.decide"),
    "review:change": write("review.decide"),
    "alerts:list": Page("alerts.view"),
    "alerts:detail": Page("alerts.view"),
    "alerts:alarms": Page("alerts.view", post=405),
    "alerts:acknowledge": Page("alerts.view", 302, is_write=True, post_permission="review.decide"),
    "alerts:close": Page("alerts.view", 302, is_write=True, post_permission="review.decide"),
    "alerts:rules": Page("alerts.view"),
    "alerts:add_rule": Page("alerts.manage", post=422),
    "alerts:rule": Page("alerts.manage", post=422),
    "alerts:switch_rule": write("alerts.manage"),
    # The history names it.
    "alerts:delete_rule": write("alerts.manage", post=409),
    "alerts:channels": Page("alerts.view"),
    "alerts:add_channel": Page("alerts.manage", post=422),
    "alerts:channel": Page("alerts.view"),
    "alerts:edit_channel": Page("alerts.manage", post=422),
    "alerts:switch_channel": write("alerts.manage"),
    "alerts:test_channel": write("alerts.manage"),
    "alerts:renew_secret": write("alerts.manage"),
    "alerts:delete_channel": write("alerts.manage"),
    "alerts:send_again": write("alerts.manage"),
    "muster:overview": Page("muster.view"),
    "muster:on_site": Page("muster.view", post=405),
    "muster:start": Page("muster.run", post=302),
    "muster:roll": Page("muster.view", post=405),
    "muster:changes": Page("muster.view", post=405),
    "muster:marks": write("muster.run", post=400),
    "muster:people": Page("muster.run", post=405),
    "muster:add": write("muster.run", post=400),
    "muster:end": write("muster.run"),
    "muster:list": Page("muster.view", post=405),
    "schedules:roster": Page("schedules.view", post=405),
    "schedules:set_cells": write("schedules.manage", post=400),
    "schedules:copy_cells": write("schedules.manage", post=400),
    "schedules:holidays": Page("schedules.view", post=405),
    "schedules:add_calendar": Page("schedules.manage", post=422),
    "schedules:calendar": Page("schedules.view", post=405),
    "schedules:take_years": write("schedules.manage", post=422),
    "schedules:add_holiday": write("schedules.manage", post=422),
    "schedules:rename_calendar": write("schedules.manage", post=422),
    "schedules:copy_calendar": write("schedules.manage", post=422),
    "schedules:delete_calendar": write("schedules.manage"),
    "schedules:remove_holiday": write("schedules.manage"),
    "schedules:assign_calendar": write("schedules.manage"),
    "schedules:leave": Page("schedules.view", post=405),
    "schedules:my_leave": Page("self.view", post=422),
    "schedules:leave_queue": Page("attendance.decide", post=405),
    "schedules:leave_calendar": Page("schedules.view", post=405),
    "schedules:add_leave": Page("attendance.request", post=422),
    "schedules:leave_types": Page("schedules.manage", post=422),
    "schedules:begin_leave_types": write("schedules.manage"),
    "schedules:leave_type": Page("schedules.manage", post=422),
    "schedules:switch_leave_type": write("schedules.manage"),
    "schedules:leave_detail": Page("self.view", post=405),
    "schedules:approve_leave": write("attendance.decide"),
    # A refusal needs a word.
    "schedules:refuse_leave": write("attendance.decide", post=400),
    "schedules:withdraw_leave": Page(
        "self.view", 302, is_write=True, of_others="attendance.request"
    ),
    "schedules:shifts": Page("schedules.view", post=405),
    "schedules:shift": Page("schedules.view", post=405),
    # There is no such plan to begin with.
    "schedules:begin": write("schedules.manage", post=404),
    "schedules:add_shift": Page("schedules.manage", post=422),
    "schedules:change_hours": Page("schedules.manage", post=422),
    "schedules:change_look": Page("schedules.manage", post=422),
    "schedules:retire_shift": write("schedules.manage"),
    "schedules:policies": Page("schedules.view", post=405),
    "schedules:policy": Page("schedules.view", post=405),
    "schedules:add_policy": Page("schedules.manage", post=422),
    "schedules:change_policy": Page("schedules.manage", post=422),
    "schedules:rename_policy": write("schedules.manage"),
    "schedules:retire_policy": write("schedules.manage"),
    "schedules:try_policy": write("schedules.manage", post=200),
    "schedules:assignments": Page("schedules.view", post=405),
    "schedules:unplanned": Page("schedules.view", post=405),
    "schedules:assign": Page("schedules.manage", post=422),
    "schedules:end_assignment": Page("schedules.manage", post=422),
    "facesearch:start": Page("faces.search", post=422),
    "facesearch:result": Page("faces.search", post=404, is_anothers=True),
    "facesearch:choose": write("faces.search", post=404),
    "facesearch:face": Page("faces.search", post=404, is_anothers=True),
    "calibration:overview": Page("calibration.view"),
    "calibration:measure": write("calibration.manage", post=422),
    "calibration:save": write("calibration.manage", post=422),
    "calibration:chart_svg": Page("calibration.view", post=405),
    "calibration:chart_csv": Page("calibration.view", post=405),
    "calibration:accuracy": Page("calibration.view"),
    "calibration:accuracy_csv": Page("calibration.view"),
    "calibration:look_alikes": Page("calibration.view"),
    "calibration:different": Page(
        "calibration.view", post=302, is_write=True, post_permission="people.manage"
    ),
    "calibration:model": Page("calibration.view", post=405),
    "calibration:model_prepare": write("calibration.manage"),
    "calibration:model_cancel": write("calibration.manage"),
    "calibration:model_measure": write("calibration.manage", post=422),
    "calibration:model_threshold": write("calibration.manage", post=422),
    "calibration:model_use": write("calibration.manage"),
    "calibration:model_back": write("calibration.manage"),
    "calibration:own_model": Page("calibration.view", post=405),
    "calibration:own_model_start": write("calibration.manage"),
    "calibration:own_model_cancel": write("calibration.manage"),
    "calibration:own_model_remove": write("calibration.manage"),
    "calibration:own_model_svg": Page("calibration.view", post=405),
    "calibration:own_model_csv": Page("calibration.view", post=405),
    "calibration:history": Page("calibration.view", post=405),
    "calibration:rule": Page("calibration.view", post=405),
    "calibration:back": write("calibration.manage"),
    "calibration:approve": write("calibration.manage"),
    "calibration:refuse": write("calibration.manage"),
    "calibration:withdraw": write("calibration.manage"),
    "calibration:cameras": Page("calibration.view", post=405),
    "calibration:offset": write("cameras.manage"),
    "calibration:drift": Page("calibration.view"),
    "calibration:drift_svg": Page("calibration.view", post=405),
    "calibration:drift_csv": Page("calibration.view", post=405),
    "calibration:dismiss_drift": write("calibration.manage"),
    "calibration:what_if_new": Page(
        "calibration.view", post=422, post_permission="calibration.manage"
    ),
    "calibration:what_if": Page("calibration.view", post=405),
    "calibration:what_if_cancel": write("calibration.manage"),
    "calibration:what_if_save": write("calibration.manage", post=422),
    "calibration:what_if_csv": Page("calibration.view", post=405),
    "calibration:what_if_svg": Page("calibration.view", post=405),
    "calibration:what_if_days": Page("calibration.view", post=405),
    "attendance:imports": Page("attendance.manage", post=422),
    "attendance:import_sample": Page("attendance.manage", post=405),
    "attendance:import_detail": Page("attendance.manage", post=405),
    "attendance:import_apply": write("attendance.manage"),
    "attendance:import_stop": write("attendance.manage", post=409),
    "attendance:import_discard": write("attendance.manage"),
    "attendance:import_refused": Page("attendance.manage", post=405),
    "kiosk:list": Page("kiosks.manage", post=405),
    "kiosk:create": Page("kiosks.manage", post=422),
    "kiosk:detail": Page("kiosks.manage", post=405),
    "kiosk:update": write("kiosks.manage", post=422),
    "kiosk:renew": write("kiosks.manage", post=200),
    "kiosk:revoke": write("kiosks.manage"),
    "jobs:list": Page("jobs.view"),
    "jobs:detail": Page("jobs.view"),
    "jobs:cancel": write("jobs.manage"),
    "system:health": Page("system.view"),
    "system:audit": Page("audit.view"),
    "system:export_audit": Page("audit.view"),
    "system:tokens": Page("system.view"),
    "system:create_token": write("system.manage", post=400),
    "system:revoke_token": write("system.manage"),
}

# Open to everybody, with the reason.
PUBLIC = {
    "healthz": "a probe has no account, and learns nothing",
    "readyz": "a probe has no account, and learns two names",
    "favicon.ico": "a redirection to a static file",
    "privacy:policy": "whoever may be seen must be able to read what is kept and for how long",
    "privacy:policy_qr": "the address of that page as a picture",
    "kiosk_device:tablet": "a tablet has no account; without its cookie the page says so and no more",
    "kiosk_device:worker": "a script that holds nothing",
    "kiosk_device:pair": "guarded by the link's key, which works once",
    **dict.fromkeys(
        (
            "kiosk_device:hello",
            "kiosk_device:events",
            "kiosk_device:event",
            "kiosk_device:withdraw",
        ),
        "guarded by the tablet's own cookie",
    ),
    **dict.fromkeys(
        (
            "join:start",
            "join:agree",
            "join:refuse",
            "join:photos",
            "join:photo_list",
            "join:add_photo",
            "join:photo",
            "join:choose",
            "join:drop",
            "join:face",
            "join:review",
            "join:submit",
        ),
        "guarded by the invitation's token in the address",
    ),
    "join:thanks": "a page of words for whoever has sent photos in",
    "join:no_thanks": "a page of words for whoever refused",
    "accounts:setup": "guarded by the set-up token, and closed once somebody exists",
    "api:openapi-json": "the description of the API holds no data",
    "api:api-root": "a name for reversing only; it answers 404",
}

# For whoever is signed in, each entry filtered by their rights.
SIGNED_IN = {"dashboard:search"}

# Answered by a bearer token or a camera's key, never by a session.
BY_TOKEN = {
    "api:recognise": ("POST", "recognise"),
    "api:read": ("GET", "recognise"),
    "api:cameras": ("GET", "read"),
    "api:people": ("GET", "read"),
    "api:snapshot": ("POST", None),
}

# allauth guards its own views; these are what a visitor without an account may reach.
ALLAUTH_OPEN = {
    "account_login",
    "account_signup",
    "account_inactive",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
    "account_confirm_email",
    "account_email_verification_sent",
    "account_confirm_login_code",
    "mfa_authenticate",
    "mfa_login_webauthn",
    "account_logout",
}
ALLAUTH_SIGNED_IN = {
    "account_reauthenticate",
    "account_email",
    "account_change_password",
    "account_set_password",
    "mfa_index",
    "mfa_reauthenticate",
    "mfa_activate_totp",
    "mfa_deactivate_totp",
    "mfa_view_recovery_codes",
    "mfa_generate_recovery_codes",
    "mfa_download_recovery_codes",
    "mfa_list_webauthn",
    "mfa_add_webauthn",
    "mfa_reauthenticate_webauthn",
}
# The same, with somebody's passkey in the address.
ALLAUTH_OF_A_KEY = {"mfa_remove_webauthn", "mfa_edit_webauthn"}


def patterns(
    resolver: URLResolver, namespace: tuple[str, ...] = ()
) -> Iterator[tuple[str, URLPattern]]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            inner = (*namespace, entry.namespace) if entry.namespace else namespace
            yield from patterns(entry, inner)
        else:
            yield ":".join([*namespace, entry.name or str(entry.pattern)]), entry


TREE = dict(patterns(get_resolver()))
ROLES = list(Role)
METHODS = ("GET", "POST", "PUT", "DELETE")

# Whoever sees nobody but themselves lands on their own page.
LANDS_ELSEWHERE = {("dashboard:today", Role.EMPLOYEE): 302}


def test_every_address_is_in_exactly_one_table():
    tables = [
        set(PAGES),
        set(PUBLIC),
        SIGNED_IN,
        set(BY_TOKEN),
        ALLAUTH_OPEN,
        ALLAUTH_SIGNED_IN,
        ALLAUTH_OF_A_KEY,
    ]
    named = [name for table in tables for name in table]
    assert sorted(named) == sorted(set(named))
    assert set(TREE) == set(named), "a new address needs an entry that says who may go there"


@pytest.mark.parametrize("name", PAGES)
def test_every_view_carries_the_permission_of_the_table(name):
    assert TREE[name].callback.required_permission == PAGES[name].permission
    assert PAGES[name].permission in ALL_PERMISSIONS


def test_no_other_view_of_ours_claims_to_be_guarded():
    guarded = {n for n, p in TREE.items() if hasattr(p.callback, "required_permission")}
    assert guarded == set(PAGES)


@pytest.fixture
def world(db) -> World:
    return build_world()


def address(world: World, name: str) -> str:
    return reverse(name, kwargs=world.arguments(name, list(TREE[name].pattern.converters)))


def ask(client: Client, method: str, url: str) -> int:
    """The status, with whatever the request wrote undone."""
    with transaction.atomic():
        response = client.post(url, {"x": "1"}) if method == "POST" else client.generic(method, url)
        transaction.set_rollback(True)
    if response.status_code == 302 and response.headers["Location"].startswith("/account/login/"):
        return 401
    return response.status_code


@pytest.fixture
def browsers(world) -> dict[Role | None, Client]:
    """Per role somebody whose rights reach the world's things; None is a visitor."""
    found: dict[Role | None, Client] = {None: Client()}
    for role in ROLES:
        person = world.person if role == Role.EMPLOYEE else None
        user = UserFactory(role=role, person=person)
        if role == Role.MANAGER:
            user.departments.set(Department.objects.all())
        found[role] = Client()
        found[role].force_login(user, backend=SIGN_IN_BACKEND)
    return found


def expected_status(name: str, role: Role | None, method: str) -> int:
    page = PAGES[name]
    if role is None:
        return 401
    if (name, role) in LANDS_ELSEWHERE:
        return LANDS_ELSEWHERE[name, role]
    if not page.needed(method) <= permissions_of(role):
        return 403
    if page.is_own and role != Role.EMPLOYEE:
        return 404 if method in {"GET", "POST"} else 405
    answers = {"GET": 405 if page.is_write else 200, "POST": page.post}
    if page.is_anothers:
        answers["GET"] = 404
    if page.of_others and role != Role.EMPLOYEE and page.of_others not in permissions_of(role):
        answers = {"GET": 405 if page.is_write else 403, "POST": 403}
    return answers.get(method, 405)


@pytest.mark.parametrize("area", sorted({name.partition(":")[0] for name in PAGES}))
def test_who_may_open_a_page(area, world, browsers):
    expected, found = {}, {}
    for name in PAGES:
        if not name.startswith(f"{area}:"):
            continue
        url = address(world, name)
        for role, browser in browsers.items():
            for method in METHODS:
                case = (name, role and str(role), method)
                found[case] = ask(browser, method, url)
                expected[case] = expected_status(name, role, method)
    wrong = {c: (f, expected[c]) for c, f in found.items() if f != expected[c]}
    assert wrong == {}, "found, expected"
    assert found


# Files that are about nobody, with the reason why no trace of them is needed.
ABOUT_NOBODY = {
    "roster:sample": "an example of a roster, with nobody in it",
    "attendance:import_sample": "an example of a file of punches, with nobody in it",
    "privacy:text_file": "a text that everybody is shown",
    "calibration:chart_svg": "counts and rates of everybody together",
    "calibration:chart_csv": "counts and rates of everybody together",
    "calibration:own_model_svg": "shares of everybody together",
    "calibration:own_model_csv": "shares of everybody together",
    "calibration:what_if_svg": "counts of everybody together, by day",
    "calibration:what_if_days": "counts of everybody together, by day",
}


def test_every_picture_and_every_file_that_is_handed_out_leaves_a_trace(world, browsers):
    """Looked for by what is answered, so that a new picture or export cannot be forgotten."""
    traced, untraced = set(), set()
    for name, page in PAGES.items():
        if page.is_write:
            continue
        cache.clear()
        before = AuditEntry.objects.count()
        role = Role.EMPLOYEE if page.is_own else Role.ADMINISTRATOR
        response = browsers[role].get(address(world, name))
        is_file = "attachment" in response.headers.get("Content-Disposition", "")
        if is_file or response.headers["Content-Type"].startswith("image/"):
            is_written = AuditEntry.objects.count() > before
            (traced if is_written else untraced).add(name)
    assert untraced <= set(ABOUT_NOBODY)
    assert {"people:photo", "sightings:crop", "sightings:picture", "enrolment:face"} <= traced


# Rows that belong to no site, with the reason why everybody with the right may see them.
OF_NO_SITE = {
    "text_id": "a policy text is the same for everybody",
    "filter_id": "a saved filter is a user's own, and refused for that reason",
    "kind": "a word, not a row",
    "calendar_id": "a holiday calendar can be kept by any site; it names no person",
    "holiday_id": "neither does one of its days",
    "type_id": "a kind of leave is the same for every site",
    "policy_id": "a policy is the same for every site; it names no person",
    "position": "a number within a photo",
    "action": "a word, not a row",
    "channel_kind": "a word, not a row",
    "channel_id": "a channel serves every site; what it told of is shown within the scope",
    "search_id": "a search belongs to one user alone",
    "what_if_id": "a rule is tried for the whole installation; names and faces are shown within the "
    "scope",
    "own_model_id": "one model recognises for the whole installation; no name is shown",
    "number": "one rule decides for the whole installation",
    "run_id": "so does what it was measured for",
    "chart": "a word, not a row",
    "proposal_id": "so does what is proposed",
    "token_id": "a token belongs to a program, and is for administrators alone",
}
SCOPED_ROLES = [Role.HR, Role.OFFICER, Role.MANAGER, Role.AUDITOR]


@pytest.fixture
def elsewhere(world) -> Elsewhere:
    return build_elsewhere(world)


@pytest.fixture
def limited(world, elsewhere) -> dict[Role, Client]:
    """Per role somebody whose rights end at the world's site; a manager's at its department."""
    found = {}
    for role in SCOPED_ROLES:
        user = UserFactory(role=role)
        if role == Role.MANAGER:
            user.departments.add(world.department)
        else:
            user.sites.add(world.site)
        found[role] = Client()
        found[role].force_login(user, backend=SIGN_IN_BACKEND)
    return found


@pytest.mark.parametrize("area", sorted({name.partition(":")[0] for name in PAGES}))
def test_what_lies_outside_ones_scope_is_not_there(area, world, elsewhere, limited):
    """Also where only one of several objects in an address is foreign."""
    wrong = {}
    for name, page in PAGES.items():
        names = [n for n in TREE[name].pattern.converters if n not in OF_NO_SITE]
        if not name.startswith(f"{area}:") or not names:
            continue
        every = list(TREE[name].pattern.converters)
        for arguments in elsewhere.arguments(world, name, every):
            foreign = [n for n in names if arguments[n] != world.arguments(name, every)[n]]
            if not foreign:
                continue
            url = reverse(name, kwargs=arguments)
            for role, browser in limited.items():
                for method in ("POST",) if page.is_write else ("GET", "POST"):
                    status = ask(browser, method, url)
                    if not page.needed(method) <= permissions_of(role):
                        right = {403, 404}
                    elif method == "POST" and page.post == 405:
                        right = {405}  # a page that takes no form looks for nothing
                    else:
                        right = {404}
                    if status not in right:
                        wrong[name, str(role), method, *foreign] = status
    assert wrong == {}, "each should be 404, or 403 without the right"


@pytest.mark.parametrize("role", SCOPED_ROLES)
def test_no_page_of_ones_own_site_tells_of_another(role, world, elsewhere, limited):
    """Lists, searches, figures and pages of objects that foreign people were mixed into."""
    told = {}
    for name, page in PAGES.items():
        if page.is_write or not page.needed("GET") <= permissions_of(role):
            continue
        url = address(world, name)
        for query in ({}, {"q": "e"}):
            response = limited[role].get(url, query)
            text = response.content.decode(errors="replace")
            ids = {str(elsewhere.world.person.pk), str(elsewhere.world.image.pk)}
            found = {word for word in {MARK, *ids} if word in text}
            if found:
                told[name] = found
    found = limited[role].get(reverse("dashboard:search"), {"q": MARK})
    if MARK in found.content.decode().replace(f"“{MARK}”", ""):
        told["dashboard:search"] = {MARK}
    assert told == {}


def test_a_missing_right_is_a_page_with_the_reason_and_leaks_nothing(world, client_of):
    response = client_of("officer").get(address(world, "people:edit"))
    page = response.content.decode()
    assert response.status_code == 403
    assert "people.manage" in page
    assert "Ada Lovelace" not in page


def test_a_deactivated_user_reaches_nothing(world):
    user = UserFactory(role=Role.ADMINISTRATOR)
    client = Client()
    client.force_login(user, backend=SIGN_IN_BACKEND)
    assert ask(client, "GET", address(world, "people:list")) == 200
    user.is_active = False
    user.save()
    found = {name: ask(client, "GET", address(world, name)) for name in PAGES}
    assert set(found.values()) == {401}, found


def test_search_is_for_who_is_signed_in_and_shows_what_they_may_see(world, client_of):
    url = reverse("dashboard:search")
    assert ask(Client(), "GET", url) == 401
    for role in ROLES:
        assert client_of(role).get(url, {"q": "Ada"}).status_code == 200


def test_allauths_own_pages_send_visitors_to_sign_in():
    UserFactory()
    found = {
        (name, method): ask(Client(), method, reverse(name))
        for name in ALLAUTH_SIGNED_IN
        for method in ("GET", "POST")
    }
    assert {case: status for case, status in found.items() if status not in {401, 405}} == {}


def test_nobody_signs_up(client):
    UserFactory()
    response = client.post(
        reverse("account_signup"),
        {"email": "eve@example.org", "password1": "four unrelated words", "password2": "x"},
    )
    assert response.status_code in {200, 403}
    assert "closed" in response.content.decode().lower()


@pytest.mark.parametrize("name", BY_TOKEN)
def test_the_api_answers_tokens_with_the_right_scope_only(name, world, client_of):
    method, scope = BY_TOKEN[name]
    url = address(world, name)
    UserFactory()
    for client in (Client(), client_of("administrator")):
        response = client.post(url) if method == "POST" else client.get(url)
        assert response.status_code == 401, "a session is no token"
        assert response.json()["error"]["code"] in {"token.invalid", "camera.key"}
    if scope is None:
        return
    for tried in ("recognise", "read"):
        _, headers = api_token(tried)
        response = (
            Client().post(url, headers=headers)
            if method == "POST"
            else Client().get(url, headers=headers)
        )
        if tried == scope or name == "api:read":
            assert response.status_code not in {401, 403}
        else:
            assert response.status_code in {403, 422}


def test_the_wrong_scope_is_refused_before_the_picture_is_looked_at(world):
    from django.core.files.uploadedfile import SimpleUploadedFile

    _, headers = api_token("read")
    response = Client().post(
        reverse("api:recognise"), {"image": SimpleUploadedFile("a.jpg", b"x")}, headers=headers
    )
    assert response.status_code == 403
    assert response.json()["error"]["code"] == "permission.missing"


def test_no_post_is_taken_without_the_csrf_token(world, client_of):
    client = client_of("administrator", enforce_csrf_checks=True)
    others = ALLAUTH_SIGNED_IN | {"account_login", "account_logout", "accounts:setup"}
    urls = {name: address(world, name) for name in PAGES} | {n: reverse(n) for n in others}
    taken = []
    for name, url in urls.items():
        response = client.post(url, {"x": "1"})
        if response.status_code != 403 or "security token" not in response.content.decode():
            taken.append((name, response.status_code))
    assert taken == []


def test_the_csrf_token_of_a_page_is_taken(world, client_of):
    client = client_of("administrator", enforce_csrf_checks=True)
    client.get(reverse("people:list"))
    token = client.cookies["csrftoken"].value
    url = address(world, "people:suspend")
    assert client.post(url, headers={"X-CSRFToken": token}).status_code == 302
    assert client.post(url, {"csrfmiddlewaretoken": token}).status_code == 302
    assert client.post(url, headers={"X-CSRFToken": token[::-1]}).status_code == 403
