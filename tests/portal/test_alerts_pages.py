"""Alerts on the page: answering and taking it back, rules in plain words, channels that keep
their secrets."""

from __future__ import annotations

import logging
import socket
from datetime import time, timedelta
from ipaddress import ip_network
from typing import Any
from uuid import UUID

import pytest
from django.urls import reverse
from django.utils import timezone

from portal.alerts.models import Alert, AlertRule, Channel
from portal.alerts.rows import rule_rows
from portal.alerts.selectors import open_alert_count, visible_rules
from portal.alerts.services import (
    Target,
    acknowledge_alerts,
    close_alerts,
    create_channel,
    renew_secret,
    update_channel,
)
from portal.audit.models import AuditEntry
from portal.cameras.services import delete_camera
from portal.core.context import SYSTEM, Actor, Scope, acting_as
from portal.core.errors import DomainError, PermissionMissing
from portal.core.policies import permissions_of
from portal.core.vault import vault
from portal.core.week import Week, Window
from portal.journal.models import Act
from portal.journal.services import undo_act
from portal.organisation.models import Site
from portal.people.models import Person
from tests.factories import (
    CameraFactory,
    StrangerFactory,
    VisitFactory,
    enrolled_person,
    visit_with_face,
)
from tests.factories.alerts import AlertFactory, ChannelFactory, DeliveryFactory, RuleFactory

pytestmark = pytest.mark.django_db

OFFICER = Actor(
    kind="user", id="9", label="olga@example.org", permissions=permissions_of("officer")
)
AUDITOR = Actor(kind="user", id="8", label="audit", permissions=permissions_of("auditor"))


@pytest.fixture(autouse=True)
def _only_our_rules(db: None) -> None:
    AlertRule.objects.all().delete()


# --- answering ---


def test_whoever_watches_the_doors_acknowledges_with_a_memo_and_takes_it_back():
    alert = AlertFactory()
    with acting_as(OFFICER):
        act = acknowledge_alerts([alert.pk], memo="  Went to look.  ")
        alert.refresh_from_db()
        assert (alert.state, alert.memo) == ("acknowledged", "Went to look.")
        assert alert.acknowledged_by == "olga@example.org"
        assert alert.acknowledged_at is not None
        undo_act(act)
    alert.refresh_from_db()
    assert (alert.state, alert.memo, alert.acknowledged_by) == ("open", "", "")
    assert alert.acknowledged_at is None
    actions = set(AuditEntry.objects.values_list("action", flat=True))
    assert {"alerts.acknowledged", "journal.act.undone"} <= actions


def test_who_reads_only_answers_nothing():
    alert = AlertFactory()
    with acting_as(AUDITOR), pytest.raises(PermissionMissing):
        acknowledge_alerts([alert.pk])
    alert.refresh_from_db()
    assert alert.state == "open"


def test_many_at_once_and_back_again_each_as_it_was():
    first, second, third = (AlertFactory() for _ in range(3))
    with acting_as(OFFICER):
        acknowledge_alerts([second.pk], memo="mine")
        act = close_alerts([first.pk, second.pk, third.pk], memo="A false alarm.")
        assert set(Alert.objects.values_list("state", "memo", "closed_by")) == {
            ("closed", "A false alarm.", "olga@example.org")
        }
        undo_act(act)
    assert act.title == "Closed 3 alerts"
    second.refresh_from_db()
    assert (second.state, second.memo, second.closed_by) == ("acknowledged", "mine", "")
    assert Alert.objects.filter(state="open").count() == 2


def test_what_was_answered_since_is_left_alone_by_an_undo():
    alert = AlertFactory()
    with acting_as(OFFICER):
        act = acknowledge_alerts([alert.pk])
        close_alerts([alert.pk], memo="over")
        with pytest.raises(DomainError, match="changed since"):
            undo_act(act)
    alert.refresh_from_db()
    assert alert.state == "closed"


def test_two_people_answer_at_once_and_the_second_is_told():
    alert = AlertFactory()
    with acting_as(OFFICER):
        acknowledge_alerts([alert.pk])
        with pytest.raises(DomainError, match="faster"):
            acknowledge_alerts([alert.pk])


def test_an_alarm_is_closed_with_a_memo_only():
    alarm, warning = AlertFactory(rule__severity="danger"), AlertFactory()
    with acting_as(OFFICER):
        close_alerts([warning.pk])
        with pytest.raises(DomainError, match="memo"):
            close_alerts([alarm.pk])
        acknowledge_alerts([alarm.pk], memo="On my way.")
        close_alerts([alarm.pk])
    assert Alert.objects.filter(state="closed").count() == 2


@pytest.mark.parametrize(
    ("length", "taken"), [(500, True), (501, False)], ids=["just fits", "too long"]
)
def test_a_memo_has_five_hundred_characters(length, taken):
    alert = AlertFactory()
    with acting_as(OFFICER):
        if taken:
            acknowledge_alerts([alert.pk], memo="x" * length)
        else:
            with pytest.raises(DomainError, match="501"):
                acknowledge_alerts([alert.pk], memo="x" * length)


def test_alerts_of_another_site_are_not_there_to_be_answered():
    ours = AlertFactory()
    theirs = AlertFactory(site=Site.objects.create(name="Elsewhere"))
    limited = Actor(
        kind="user",
        id="5",
        label="here only",
        permissions=permissions_of("officer"),
        scope=Scope(site_ids=frozenset({ours.site_id})),
    )
    with acting_as(limited), pytest.raises(DomainError, match="no such alert"):
        close_alerts([theirs.pk], memo="x")


def test_the_page_says_what_came_of_it_and_offers_the_way_back(client_of):
    client, alert = client_of("officer"), AlertFactory()
    answer = client.post(
        "/alerts/acknowledge/",
        {"ids": [str(alert.pk)], "memo": "seen", "next": "/alerts/?state=active"},
        follow=True,
    )
    page = answer.content.decode()
    assert answer.redirect_chain == [("/alerts/?state=active", 302)]
    assert "Acknowledged an alert." in page
    assert f"/people/journal/{Act.objects.get().pk}/undo/" in page
    refused = client.post("/alerts/close/", {"next": "https://evil.example/"}, follow=True)
    assert refused.redirect_chain == [("/alerts/", 302)]
    assert "Tick at least one alert." in refused.content.decode()


# --- the list ---


def test_open_alerts_come_first_by_severity_and_closed_ones_are_history(client_of):
    now = timezone.now()
    for name, severity, state, minutes in [
        ("old notice", "info", "open", 50),
        ("new warning", "warning", "open", 1),
        ("old alarm", "danger", "open", 90),
        ("looked after", "danger", "acknowledged", 2),
        ("all is over", "danger", "closed", 0),
    ]:
        AlertFactory(
            rule__name=name,
            rule__severity=severity,
            state=state,
            opened_at=now - timedelta(minutes=minutes),
        )
    client = client_of("officer")
    page = client.get("/alerts/").content.decode()
    page = page[page.index("<tbody>") :]
    order = ["old alarm", "new warning", "old notice", "looked after"]
    places = [page.index(name) for name in order]
    assert places == sorted(places)
    assert "all is over" not in page
    assert "all is over" in client.get("/alerts/?state=closed").content.decode()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("state=", {"a", "b", "c"}),
        ("state=closed", {"c"}),
        ("state=open", {"a", "b"}),
        ("state=&rule=RULE", {"a"}),
        ("state=&camera=CAMERA", {"b"}),
        ("state=&since=TODAY", {"a", "b"}),
        ("state=&until=YESTERDAY", {"c"}),
        ("state=nonsense", {"a", "b", "c"}),
        ("state=&rule=x&camera=x&since=x", {"a", "b", "c"}),
    ],
)
def test_the_list_is_narrowed_by(query, found, client_of):
    today = timezone.localtime().replace(hour=12)
    a = AlertFactory(visit__camera__name="by a", opened_at=today)
    b = AlertFactory(visit__camera__name="by b", opened_at=today)
    AlertFactory(visit__camera__name="by c", state="closed", opened_at=today - timedelta(days=2))
    query = (
        query.replace("RULE", str(a.rule_id))
        .replace("CAMERA", str(b.camera_id))
        .replace("TODAY", f"{today:%Y-%m-%d}")
        .replace("YESTERDAY", f"{today - timedelta(days=1):%Y-%m-%d}")
    )
    page = client_of("officer").get(f"/alerts/?{query}", headers={"HX-Request": "true"})
    assert {name for name in "abc" if f"by {name}" in page.content.decode()} == found


def test_the_face_stands_beside_the_nearest_person_and_leads_on(client_of):
    person = enrolled_person(1, name="Ada Lovelace")
    visit = visit_with_face(stranger=StrangerFactory(), candidates=[[str(person.pk), 0.31]])
    alert = AlertFactory(visit=visit)
    page = client_of("officer").get("/alerts/").content.decode()
    assert f"/live/faces/{visit.best_face_id}.jpg" in page
    assert reverse("people:photo", args=[person.images.get().pk]) in page
    assert "Most like Ada Lovelace (0.310)" in page
    assert f"/live/visits/{visit.pk}/" in page
    assert f"/review/strangers/{visit.stranger_id}/" in page
    detail = client_of("officer").get(f"/alerts/{alert.pk}/").content.decode()
    assert f"Unknown face: {visit.stranger}" in detail


def test_somebody_erased_is_named_nowhere(client_of):
    person = enrolled_person(1, name="Ada Lovelace")
    AlertFactory(visit=VisitFactory(person=person, decision="match"), rule__event="arrival")
    client = client_of("officer")
    assert "Ada Lovelace" in client.get("/alerts/").content.decode()
    Person.objects.update(status="erased")
    assert "Ada Lovelace" not in client.get("/alerts/").content.decode()


def test_the_number_of_open_alerts_stands_in_the_navigation(client_of):
    AlertFactory()
    AlertFactory()
    AlertFactory(state="acknowledged")
    page = " ".join(client_of("officer").get("/live/").content.decode().split())
    assert '<span class="l-nav__count">2<span class="u-sr-only"> waiting</span></span>' in page


def test_open_alerts_are_counted_anew_once_one_changed(
    administrator, django_assert_num_queries, django_capture_on_commit_callbacks
):
    first, _ = AlertFactory(), AlertFactory()
    assert open_alert_count() == 2
    with django_assert_num_queries(0):
        assert open_alert_count() == 2, "a page that follows soon asks the cache"
    with django_capture_on_commit_callbacks(execute=True):
        acknowledge_alerts([first.pk])
    assert open_alert_count() == 1, "for everybody, not only for whoever answered"


def test_alarms_are_told_of_on_every_page_to_whoever_may_see_them(client_of):
    alarm = AlertFactory(rule__severity="danger", visit__camera__name="North gate")
    others = [
        AlertFactory(rule__severity="warning"),
        AlertFactory(rule__severity="danger", state="acknowledged"),
    ]
    client = client_of("officer")
    ids = [str(one.pk) for one in (alarm, *others)]
    answer = client.get("/alerts/alarms/", {"ids": ids}).json()
    assert answer == {
        "alarms": [{"message": "Unknown face at North gate", "url": f"/alerts/{alarm.pk}/"}]
    }
    assert client.get("/alerts/alarms/", {"ids": ["x"]}).status_code == 400
    assert 'data-alarms-url="/alerts/alarms/"' in client.get("/live/").content.decode()
    assert "data-alarms-url" not in client_of("hr").get("/people/").content.decode()


# --- rules ---


FORM = {
    "name": "Night intruder",
    "event": "stranger",
    "severity": "danger",
    "site": "",
    "min_faces": "3",
    "min_dwell_s": "0",
    "cooldown_min": "15",
    "hours": "week",
    "first_days": ["0", "1", "2", "3", "4"],
    "first_from": "19:00",
    "first_to": "07:00",
}


def sentence_of(rule: AlertRule) -> str:
    (row,) = rule_rows(visible_rules().filter(pk=rule.pk))
    return row.words


def test_a_rule_is_made_in_a_form_and_read_as_a_sentence(client_of, administrator):
    channel = ChannelFactory(name="Night desk")
    client = client_of("administrator")
    answer = client.post("/alerts/rules/new/", {**FORM, "channels": [str(channel.pk)]})
    assert answer.headers["Location"] == "/alerts/rules/"
    rule = AlertRule.objects.get()
    assert rule.schedule == Week((Window(frozenset(range(5)), time(19), time(7)),)).stored()
    assert sentence_of(rule) == (
        "When an unknown face is seen by any camera, weekdays 19:00–07:00, at least 3 faces: "
        "raise an alarm, tell Night desk; not again for the same one within 15 min."
    )
    assert "tell Night desk" in client.get("/alerts/rules/").content.decode()
    entry = AuditEntry.objects.get(action="alerts.rule.created")
    assert (entry.after["hours"], entry.after["channels"]) == (1, 1)
    again = client.get(f"/alerts/rules/{rule.pk}/").content.decode()
    assert 'value="19:00"' in again


@pytest.mark.parametrize(
    ("rule", "cameras", "sentence"),
    [
        (
            {"event": "camera_offline", "min_dwell_s": 60, "severity": "danger"},
            [],
            (
                "When any camera goes offline, for at least 60 s: raise an alarm, tell nobody but this "
                "page."
            ),
        ),
        (
            {"event": "arrival", "severity": "info"},
            ["Gate", "Hall"],
            (
                "When somebody is seen for the first time that day by Gate or Hall: raise a notice, "
                "tell nobody but this page."
            ),
        ),
        (
            {
                "event": "watched",
                "schedule": [
                    {"days": [5, 6], "from": "00:00", "to": "23:59"},
                    {"days": [0, 2], "from": "20:00", "to": "06:00"},
                ],
            },
            ["A", "B", "C", "D"],
            (
                "When somebody watched is seen by one of 4 cameras, Saturday and Sunday 00:00–23:59 "
                "and Monday and Wednesday 20:00–06:00: raise a warning, tell nobody but this page."
            ),
        ),
    ],
)
def test_rules_in_plain_words(rule, cameras, sentence, administrator):
    made = RuleFactory(**rule, cameras=[CameraFactory(name=name) for name in cameras])
    assert sentence_of(made) == sentence


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": ""}, "This field is required"),
        ({"name": "TAKEN"}, "There is a rule called TAKEN already"),
        ({"first_days": []}, "Choose the days, and both times."),
        ({"first_to": ""}, "Choose the days, and both times."),
        ({"second_days": ["6"]}, "Choose the days, and both times."),
        ({"min_faces": "0"}, "greater than or equal to 1"),
        ({"cooldown_min": "99999"}, "less than or equal to 10080"),
        ({"event": "x"}, "Select a valid choice"),
        ({"channels": ["x"]}, "Select a valid choice"),
    ],
)
def test_a_form_that_cannot_be_a_rule_says_why_and_keeps_what_was_typed(change, said, client_of):
    RuleFactory(name="taken", channels=[ChannelFactory()])
    answer = client_of("administrator").post("/alerts/rules/new/", {**FORM, **change})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert said in page
    assert 'value="15"' in page or "cooldown_min" in change
    assert AlertRule.objects.count() == 1


def test_a_rule_that_raised_alerts_keeps_its_event_and_is_not_deleted(client_of):
    rule = RuleFactory(name="Seen")
    AlertFactory(rule=rule)
    client = client_of("administrator")
    answer = client.post(f"/alerts/rules/{rule.pk}/", {**FORM, "event": "watched"})
    assert "Make a new rule" in answer.content.decode()
    assert client.post(f"/alerts/rules/{rule.pk}/delete/").status_code == 409
    client.post(f"/alerts/rules/{rule.pk}/switch/", {"is_enabled": "0"})
    rule.refresh_from_db()
    assert not rule.is_enabled


def test_a_rule_whose_cameras_were_deleted_says_so_until_others_are_chosen(client_of):
    rule = RuleFactory(name="Yard, nights", cameras=[CameraFactory(name="Yard")])
    client = client_of("administrator")
    pages = "/alerts/rules/", f"/alerts/rules/{rule.pk}/"

    def said() -> list[bool]:
        texts = [client.get(page).content.decode() for page in pages]
        return ["No camera left" in texts[0], "tells of nothing" in texts[1]]

    assert said() == [False, False]
    with acting_as(SYSTEM):
        delete_camera(rule.cameras.get())
    assert said() == [True, True]
    assert "any camera" not in client.get(pages[0]).content.decode()
    answer = client.post(pages[1], {**FORM, "cameras": [str(CameraFactory().pk)]})
    assert answer.status_code == 302
    assert said() == [False, False]
    client.post(pages[1], FORM)
    rule.refresh_from_db()
    assert rule.is_for_all_cameras
    assert not rule.cameras.exists()
    assert said() == [False, False], "every camera is what was chosen"


def test_a_rule_names_no_camera_of_another_site(client_of):
    here = CameraFactory().site
    camera = CameraFactory(site=Site.objects.create(name="Elsewhere"))
    answer = client_of("administrator").post(
        "/alerts/rules/new/", {**FORM, "site": str(here.pk), "cameras": [str(camera.pk)]}
    )
    assert "is at another site" in answer.content.decode()


# --- channels ---


SECRET_URL = "https://hooks.example.com/services/T00/very-secret-path"
HOSTS = {"hooks.example.com": "203.0.113.7"}


@pytest.fixture
def named_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name server of these tests' own."""

    def look_up(host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (HOSTS[host], port))]

    monkeypatch.setattr("socket.getaddrinfo", look_up)


def test_a_webhooks_address_and_secret_are_told_once_and_found_nowhere(
    named_hosts, client_of, caplog, settings
):
    caplog.set_level(logging.DEBUG)
    client = client_of("administrator")
    answer = client.post("/alerts/channels/new/webhook/", {"name": "Night desk", "url": SECRET_URL})
    channel = Channel.objects.get()
    assert answer.headers["Location"] == f"/alerts/channels/{channel.pk}/"
    secret = vault().open(bytes(channel.sealed_secret), purpose="channel").decode()
    first = client.get(answer.headers["Location"]).content.decode()
    assert secret in first
    pages = [
        client.get(url).content.decode()
        for url in (
            f"/alerts/channels/{channel.pk}/",
            f"/alerts/channels/{channel.pk}/edit/",
            "/alerts/channels/",
            "/alerts/rules/new/",
        )
    ]
    assert "hooks.example.com" in pages[0]
    settings.OPENED_NETWORKS = ()
    client.post(f"/alerts/channels/{channel.pk}/edit/", {"name": "Renamed", "url": ""})
    told = [
        *pages,
        caplog.text,
        *(f"{e.before}{e.after}{e.reason}" for e in AuditEntry.objects.all()),
        *(str(act.data) for act in Act.objects.all()),
    ]
    for text in told:
        assert secret not in text
        assert "very-secret-path" not in text
    stored = bytes(channel.sealed_target) + bytes(channel.sealed_secret)
    assert b"very-secret" not in stored
    assert secret.encode() not in stored
    assert "very-secret-path" not in first


def test_a_channel_keeps_its_address_unless_another_is_given(named_hosts, administrator):
    channel, _ = create_channel(name="A", kind="webhook", target=Target(url=SECRET_URL))
    before = bytes(channel.sealed_target)
    kept = update_channel(channel, name="B", target=None, includes_names=True)
    assert (bytes(kept.sealed_target), kept.includes_names) == (before, True)
    changed = update_channel(
        channel, name="B", target=Target(url=f"{SECRET_URL}/2"), includes_names=True
    )
    assert b"/2" in vault().open(bytes(changed.sealed_target), purpose="channel")


def test_a_renewed_secret_is_another_one(named_hosts, administrator):
    channel, first = create_channel(name="A", kind="webhook", target=Target(url=SECRET_URL))
    second = renew_secret(channel)
    assert first.startswith("ghw_")
    assert len(first) > 40
    assert second not in {first, ""}


@pytest.mark.parametrize(
    ("kind", "target", "said"),
    [
        ("email", {"addresses": ""}, "This field is required"),
        ("email", {"addresses": "ada@example.org nobody"}, "“nobody” is not an e-mail address"),
        (
            "email",
            {"addresses": "\n".join(f"u{n}@example.org" for n in range(21))},
            "at most 20",
        ),
        ("webhook", {"url": "ftp://hooks.example.com/"}, "http:// or https://"),
        ("webhook", {"url": "http://127.0.0.1/"}, "GATEHOUSE_OPENED_NETWORKS"),
        ("webhook", {"url": "http://169.254.169.254/"}, "GATEHOUSE_OPENED_NETWORKS"),
        ("mqtt", {"url": "https://hooks.example.com", "topic": "a"}, "mqtt:// or mqtts://"),
        ("mqtt", {"url": "mqtt://hooks.example.com", "topic": "a/#"}, "none of them + or #"),
        ("mqtt", {"url": "mqtt://hooks.example.com", "topic": "$SYS/a"}, "begin with $"),
    ],
)
def test_a_channel_that_leads_nowhere_good_is_refused(named_hosts, kind, target, said, client_of):
    answer = client_of("administrator").post(
        f"/alerts/channels/new/{kind}/", {"name": "X", **target}
    )
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not Channel.objects.exists()


def test_channels_serve_all_sites_so_nobody_limited_changes_them():
    limited = Actor(
        kind="user",
        id="5",
        label="here only",
        permissions=permissions_of("administrator"),
        scope=Scope(site_ids=frozenset({UUID(int=1)})),
    )
    with acting_as(limited), pytest.raises(PermissionMissing, match="all sites"):
        create_channel(name="A", kind="email", target=Target(addresses="a@example.org"))


def test_the_log_of_a_channel_says_what_was_answered(client_of):
    channel = ChannelFactory()
    DeliveryFactory(channel=channel, attempts=3, answer="Answered 503.")
    gone = DeliveryFactory(channel=channel, state="failed", attempts=29, next_at=None)
    client = client_of("administrator")
    page = client.get(f"/alerts/channels/{channel.pk}/").content.decode()
    assert "Answered 503." in page
    assert "Trying again" in page
    assert "Given up" in page
    client.post(f"/alerts/deliveries/{gone.pk}/again/")
    gone.refresh_from_db()
    assert gone.state == "waiting"
    assert "/again/" in page
    assert (
        "/again/"
        not in client_of("officer").get(f"/alerts/channels/{channel.pk}/").content.decode()
    )


def test_a_test_says_in_words_what_came_of_it(client_of, settings):
    settings.OPENED_NETWORKS = (ip_network("127.0.0.0/8"),)
    channel = ChannelFactory(kind="webhook", url="http://127.0.0.1:9/")
    answer = client_of("administrator").post(f"/alerts/channels/{channel.pk}/test/", follow=True)
    assert "Not sent: The server could not be reached" in answer.content.decode()
