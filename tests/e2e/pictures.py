"""Makes the pictures of the docs: ``python -m tests.e2e.pictures [faces] [attendance] [calibration]``.

Starts a system of its own, fills it as people would, and photographs it. The people are drawn,
because the pictures are published.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.e2e import cast
from tests.e2e.cast import Member, jpeg, photo, upload
from tests.e2e.chromium import launch
from tests.e2e.pages import Camera, Enrolment, add_camera, enrol, send_snapshot, sign_in
from tests.faces import render_scene
from tests.integration.gatehouse import Gatehouse
from tests.roster_files import csv_file, zip_file

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "pictures"
STAFF = {
    cast.ADA: "Research",
    cast.BRUNO: "Workshop",
    cast.CHLOE: "Office",
    cast.DAVID: "Research",
    cast.EDITH: "Workshop",
    cast.FARID: "Office",
}
MAX_BYTES = 200_000
EXACT_COLOURS = 112


def main(wanted: list[str]) -> None:
    expect.set_options(timeout=30_000)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in wanted or CHAPTERS:
        photograph, seeding = CHAPTERS[name]
        with running_system(*seeding) as system, sync_playwright() as playwright:
            browser = launch(playwright.chromium)
            page = browser.new_context(
                base_url=system.base_url, viewport={"width": 1440, "height": 900}
            ).new_page()
            sign_in(page, base_url=system.base_url, email=system.email, password=system.password)
            photograph(browser, page)
            browser.close()


@contextmanager
def running_system(*seeding: str) -> Iterator[Gatehouse]:
    system = Gatehouse.create(GATEHOUSE_THRESHOLD=cast.THRESHOLD)
    try:
        system.start()
        if seeding:
            system.run_module(*seeding)
        yield system
    finally:
        system.discard()


def photograph_faces(browser: Browser, page: Page) -> None:
    fill(page)
    photograph(page)
    photograph_otherwise(browser, page)


def fill(page: Page) -> None:
    """Enrol the staff, add cameras, and let people pass them."""
    for member, department in STAFF.items():
        enrol(page, member, department=department)
    entrance = add_camera(page, "Main entrance", place="Building A")
    workshop = add_camera(page, "Workshop door", place="Building B")
    add_camera(page, "Reception tablet", place="Lobby", kind="Browser tab")
    passers: list[tuple[Camera, Member, int]] = [
        (entrance, cast.EDITH, 3),
        (workshop, cast.BRUNO, 3),
        (entrance, cast.STRANGER, 3),
        (entrance, cast.FARID, 4),
        (workshop, cast.EDITH, 4),
        (entrance, cast.CHLOE, 3),
        (workshop, cast.VISITOR, 4),
        (entrance, cast.DAVID, 3),
        (entrance, cast.ADA, 3),
    ]
    page.goto("/live/")
    for number, (camera, member, look) in enumerate(passers, start=1):
        send_snapshot(camera, photo(member, look))
        # Whoever passes two cameras is one visit.
        met = {member for _, member, _ in passers[:number]}
        expect(page.locator("[data-visit]")).to_have_count(len(met))


def photograph(page: Page) -> None:
    page.goto("/live/")
    save(page, "live")
    page.get_by_role("link", name=cast.EDITH.name).first.click()
    expect(page.locator("[data-visit-page]")).to_be_visible()
    save(page, "visit")
    page.goto("/review/strangers/")
    expect(page.get_by_role("link", name="Stranger 2")).to_be_visible()
    save(page, "strangers")
    page.goto("/recognise/")
    people = [(cast.ADA.identity, 20, 150, 250), (cast.STRANGER.identity, 320, 140, 250),
              (cast.DAVID.identity, 620, 150, 250)]  # fmt: skip
    group = jpeg(render_scene(people, size_px=(900, 520), seed=12))
    page.locator("#recognise-photos").set_input_files(
        [upload("meeting.jpg", group)]  # type: ignore[arg-type]
    )
    expect(page.locator(".c-result .c-pair")).to_have_count(3)
    save(page, "recognise")

    page.goto("/people/")
    page.get_by_role("link", name=cast.ADA.name).click()
    expect(page.locator(".c-feed li").first).to_be_visible()
    save(page, "person")
    page.goto("/system/")
    card = page.locator(".c-card", has=page.get_by_role("heading", name="Recognition"))
    card.evaluate("(one) => scrollTo(0, one.offsetTop - 24)")
    save(page, "system")
    draft(page)
    save(page, "enrol")
    lookalike(page)
    save(page, "lookalike")
    roster(page)
    save(page, "roster")
    page.goto("/people/")
    save(page, "people")


def draft(page: Page) -> None:
    """An enrolment with good photos and some that need a word."""
    soft = BytesIO()
    with Image.open(BytesIO(photo(cast.GRETA, 3))) as picture:
        picture.filter(ImageFilter.GaussianBlur(6)).save(soft, "JPEG", quality=92)
    pair = [(cast.GRETA.identity, 30, 90, 300), (cast.HUGO.identity, 320, 120, 260)]
    enrolment = Enrolment.start(page)
    enrolment.add(
        [
            upload("front.jpg", photo(cast.GRETA, 0)),
            upload("left.jpg", photo(cast.GRETA, 1)),
            upload("party.jpg", jpeg(render_scene(pair, seed=13))),
            upload("bus stop.jpg", soft.getvalue()),
        ]
    )
    for name, verdict in (
        ("front", "usable"), ("left", "usable"), ("party", "several_faces"), ("bus stop", "poor"),
    ):  # fmt: skip
        enrolment.expect_verdict(f"{name}.jpg", verdict)
    enrolment.check()


def lookalike(page: Page) -> None:
    """Somebody who is enrolled already, about to be enrolled again."""
    enrolment = Enrolment.start(page)
    enrolment.add([upload("new.jpg", photo(cast.ADA, 4))])
    enrolment.expect_verdict("new.jpg", "other_person")
    page.goto(f"{page.url.rstrip('/')}/lookalikes/")


def roster(page: Page) -> None:
    """The dry run of a spreadsheet with photos and with mistakes in it."""
    sheet = csv_file(
        "Staff no.,Forename,Surname,E-mail,Team,Start date,Consent",
        "1001,Hugo,Lindqvist,hugo@example.org,Research,2024-02-01,yes",
        "1002,Greta,Keller,greta@example.org,Workshop,01.09.2025,2026-01-15",
        "1003,Dee,Novak,not an address,Office,,yes",
        "1004,=1+1,Ek,,Office,,yes",
    )
    photos = zip_file(
        {f"1001_{look}.jpg": photo(cast.HUGO, look) for look in range(3)}
        | {f"1002_{look}.jpg": photo(cast.GRETA, look) for look in range(3)}
        | {"visitor.jpg": photo(cast.STRANGER)}
    )
    page.goto("/people/import/")
    page.locator("#id_sheet").set_input_files(
        upload("staff.csv", sheet, media_type="text/csv")  # type: ignore[arg-type]
    )
    page.locator("#id_photos").set_input_files(
        upload("photos.zip", photos, media_type="application/zip")  # type: ignore[arg-type]
    )
    page.get_by_role("button", name="Upload and look at it").click()
    page.get_by_role("button", name="See what would happen").click()
    expect(page.get_by_text("Nothing is changed yet")).to_be_visible()


def photograph_otherwise(browser: Browser, signed_in: Page) -> None:
    """In the dark."""
    state = signed_in.context.storage_state()
    base_url = signed_in.url
    dark = browser.new_context(
        base_url=base_url, storage_state=state, color_scheme="dark",
        viewport={"width": 1440, "height": 900},
    ).new_page()  # fmt: skip
    dark.goto("/live/")
    save(dark, "live-dark")


def photograph_attendance(browser: Browser, page: Page) -> None:
    page.goto("/")
    save(page, "today")
    page.goto("/attendance/month/")
    save(page, "month")
    page.get_by_role("link", name="Ada Okafor").first.click()
    page.get_by_role("link", name="Calendar").click()
    save(page, "calendar")
    page.goto("/attendance/exceptions/")
    save(page, "exceptions")
    page.goto("/attendance/schedules/roster/")
    save(page, "roster-planner")
    page.goto("/reports/arrivals/")
    save(page, "report")
    phone = browser.new_context(
        base_url=page.url, storage_state=page.context.storage_state(),
        viewport={"width": 390, "height": 844}, device_scale_factor=2,
    ).new_page()  # fmt: skip
    phone.goto("/")
    save(phone, "today-phone")


def photograph_calibration(_browser: Browser, page: Page) -> None:
    page.goto("/calibration/")
    page.get_by_text("1 in 100", exact=True).click()
    page.get_by_role("button", name="Measure").click()
    result = page.locator("#result")
    expect(result.get_by_role("button", name="Save this threshold")).to_be_visible(timeout=90_000)
    result.evaluate("(one) => scrollTo(0, one.offsetTop - 24)")
    save(page, "calibration")


def save(page: Page, name: str) -> None:
    """Photograph the page as it stands and keep the file small."""
    page.wait_for_load_state("networkidle")
    if page.locator("body").get_attribute("data-live-topics"):
        expect(page.locator("html")).to_have_attribute("data-live", "open")
    page.locator("[data-toast]").evaluate_all("(all) => all.forEach((one) => one.remove())")
    page.mouse.move(0, 0)
    path = FOLDER / f"{name}.png"
    with Image.open(BytesIO(page.screenshot())) as picture:
        whole = picture.convert("RGB")
    whole.save(path, optimize=True)
    if path.stat().st_size > MAX_BYTES:
        with_few_colours(whole).save(path, optimize=True)
    print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


def with_few_colours(picture: Image.Image) -> Image.Image:
    """256 colours: the page's own stay exact, the photos share the rest."""
    colours, places, counts = np.unique(
        np.asarray(picture).reshape(-1, 3), axis=0, return_inverse=True, return_counts=True
    )
    own = colours[np.argsort(-counts)[:EXACT_COLOURS]]
    shared = picture.quantize(256 - EXACT_COLOURS, dither=Image.Dither.NONE).getpalette() or []
    palette = np.vstack([own, np.array(shared, np.uint8).reshape(-1, 3)])
    nearest = [
        np.argmin(((palette.astype(np.int32) - colour) ** 2).sum(axis=1))
        for colour in colours.astype(np.int32)
    ]
    indices = np.array(nearest, np.uint8)[places].reshape(picture.height, picture.width)
    small = Image.fromarray(indices, "P")
    small.putpalette(palette.tobytes())
    return small


# What is photographed, on a system that is filled by this module and its arguments.
CHAPTERS = {
    "faces": (photograph_faces, ()),
    "attendance": (photograph_attendance, ("tests.e2e.working_seeding",)),
    # A gallery large enough to be measured.
    "calibration": (photograph_calibration, ("tests.e2e.calibration_seeding", "300", "200")),
}

if __name__ == "__main__":
    main(sys.argv[1:])
