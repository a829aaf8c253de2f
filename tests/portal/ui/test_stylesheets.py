"""What the stylesheets promise: each part is loaded, and each name means one thing, somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)
STATIC = ROOT / "static"
TEMPLATES = ROOT / "templates"
NAME = r"[a-z]-[a-z0-9_-]+"


def texts(folder: str, *endings: str) -> Iterator[str]:
    """Our own files of these endings."""
    for path in sorted((ROOT / folder).rglob("*")):
        if path.suffix in endings and "vendor" not in path.parts:
            yield path.read_text(encoding="utf-8")


@cache
def styled() -> frozenset[str]:
    return frozenset(re.findall(rf"\.({NAME})", "".join(texts("static/css", ".css"))))


@cache
def spoken() -> str:
    """Everything that can put a class on an element, or ask for one."""
    portal = (*texts("portal", ".py"), *texts("templates", ".html"))
    return "".join((*portal, *texts("static/js", ".js")))


def unspoken(names: frozenset[str], source: str) -> set[str]:
    """Names that ``source`` has neither whole nor as a stem that it puts an ending to."""
    stems = tuple(set(re.findall(rf"({NAME}(?:--|__))[{{$\"'`%]", source)))
    words = set(re.findall(rf"(?<![\w-]){NAME}", source))
    return {name for name in names if name not in words and not name.startswith(stems)}


def test_stylesheets_import_every_part_once() -> None:
    css = STATIC / "css"
    imported = re.findall(r'@import url\("([^"]+)"\)', (css / "app.css").read_text())
    present = {str(path.relative_to(css)) for path in css.rglob("*.css")} - {"app.css"}
    # A page that is not the portal's own, such as a kiosk's, links one sheet by itself.
    linked = {
        name
        for template in TEMPLATES.rglob("*.html")
        for name in re.findall(r"static 'css/([\w-]+\.css)'", template.read_text())
    } - {"app.css"}
    assert sorted(imported) == sorted(present - linked)


def own_classes(sheet: str) -> set[str]:
    """The classes that a stylesheet gives a look by themselves, at-rules apart."""
    plain = re.sub(r"/\*.*?\*/", "", sheet, flags=re.DOTALL)
    found: set[str] = set()
    depth = 0
    for words, brace in re.findall(r"([^{}]*)([{}])", plain):
        if brace == "{" and depth == 0:
            found.update(re.findall(r"(?:^|,)\s*(\.[\w-]+)\s*(?=,|$)", words.strip()))
        depth += 1 if brace == "{" else -1
    return found


def test_a_class_has_its_look_from_one_stylesheet() -> None:
    """Two features that chose the same name would change each other's pages."""
    assert own_classes(".a, .b > i { } /* .c {} */ @media x { .d { } } .e {}") == {".a", ".e"}
    sheets: dict[str, list[str]] = {}
    for path in sorted((STATIC / "css" / "components").glob("*.css")):
        for name in own_classes(path.read_text()):
            sheets.setdefault(name, []).append(path.name)
    assert {name: where for name, where in sheets.items() if len(where) > 1} == {}


def test_a_stylesheet_has_no_look_for_what_is_on_no_page() -> None:
    source = 'class="c-a c-b--{{ tone }}" `c-c--${kind}`'
    names = frozenset({"c-a", "c-a__part", "c-b--red", "c-c--big", "c-d"})
    assert unspoken(names, source) == {"c-a__part", "c-d"}
    assert unspoken(styled(), spoken()) == set()


def test_a_template_names_no_class_that_nothing_knows() -> None:
    """It would be a look that was meant and is missing, or a word without a meaning."""
    scripts = "".join((*texts("static/js", ".js"), *texts("tests", ".py")))
    unknown: set[str] = set()
    for template in texts("templates", ".html"):
        plain = re.sub(r"\{%.*?%\}|\{\{.*?\}\}", "\0", template)
        for names in re.findall(r'class="([^"]*)"', plain):
            whole = {name for name in names.split() if re.fullmatch(NAME, name)}
            unknown |= {one for one in whole - styled() if one not in scripts}
    assert unknown == set()
