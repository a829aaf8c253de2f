"""What the ``holidays`` library knows: countries, their parts, and the public holidays of each.

Public surface: ``Choice``, ``countries``, ``country_name``, ``languages_of``, ``subdivisions_of``,
``public_holidays``, ``YEARS_AHEAD``. The library carries its dates with it; no network is asked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

import holidays
from holidays.registry import COUNTRIES

from portal.core.errors import DomainError

__all__ = [
    "YEARS_AHEAD",
    "Choice",
    "countries",
    "country_name",
    "languages_of",
    "public_holidays",
    "subdivisions_of",
]

# Farther ahead nobody plans, and dates that depend on the moon are guesses.
YEARS_AHEAD: Final = 5
_LONGEST_NAME: Final = 120
_LANGUAGES: Final = {
    "am": "Amharic", "ar": "Arabic", "az": "Azerbaijani", "be": "Belarusian", "bg": "Bulgarian",
    "bn": "Bengali", "bs": "Bosnian", "ca": "Catalan", "cnr": "Montenegrin", "coa": "Cocos Malay",
    "cs": "Czech", "da": "Danish", "de": "German", "dv": "Dhivehi", "dz": "Dzongkha", "el": "Greek",
    "en": "English", "es": "Spanish", "et": "Estonian", "fa": "Persian", "fi": "Finnish",
    "fil": "Filipino", "fo": "Faroese", "fr": "French", "fy": "Frisian", "ga": "Irish",
    "gu": "Gujarati", "he": "Hebrew", "hi": "Hindi", "hr": "Croatian", "ht": "Haitian Creole",
    "hu": "Hungarian", "hy": "Armenian", "id": "Indonesian", "is": "Icelandic", "it": "Italian",
    "ja": "Japanese", "ka": "Georgian", "kab": "Kabyle", "kk": "Kazakh", "kl": "Greenlandic",
    "km": "Khmer", "kn": "Kannada", "ko": "Korean", "ky": "Kyrgyz", "lb": "Luxembourgish",
    "lo": "Lao", "lt": "Lithuanian", "lv": "Latvian", "mg": "Malagasy", "mk": "Macedonian",
    "ml": "Malayalam", "mn": "Mongolian", "mr": "Marathi", "ms": "Malay", "mt": "Maltese",
    "my": "Burmese", "ne": "Nepali", "nl": "Dutch", "no": "Norwegian", "pa": "Punjabi",
    "pap": "Papiamento", "pl": "Polish", "ps": "Pashto", "pt": "Portuguese", "ro": "Romanian",
    "ru": "Russian", "rw": "Kinyarwanda", "si": "Sinhala", "sk": "Slovak", "sl": "Slovenian",
    "so": "Somali", "sq": "Albanian", "sr": "Serbian", "sv": "Swedish", "sw": "Swahili",
    "ta": "Tamil", "te": "Telugu", "tet": "Tetum", "tg": "Tajik", "th": "Thai", "ti": "Tigrinya",
    "tk": "Turkmen", "tkl": "Tokelauan", "to": "Tongan", "tr": "Turkish", "tvl": "Tuvaluan",
    "uk": "Ukrainian", "ur": "Urdu", "uz": "Uzbek", "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Choice:
    """A code of the library, and the word for it."""

    code: str
    name: str


@lru_cache(maxsize=1)
def countries() -> tuple[Choice, ...]:
    """By name. The codes are those of ISO 3166-1."""
    known = holidays.list_supported_countries(include_aliases=False)
    named = {names[1]: _spaced(names[0]) for names in COUNTRIES.values() if names[1] in known}
    return tuple(sorted((Choice(*each) for each in named.items()), key=lambda each: each.name))


def country_name(code: str) -> str:
    return next((each.name for each in countries() if each.code == code), code)


@lru_cache(maxsize=256)
def subdivisions_of(country: str) -> tuple[Choice, ...]:
    """States, provinces or regions whose holidays differ, by name; none for an unknown country."""
    if country not in {each.code for each in countries()}:
        return ()
    known = holidays.country_holidays(country)
    names: dict[str, str] = {}
    for name, code in known.subdivisions_aliases.items():
        names.setdefault(code, name)
    found = (Choice(code, names.get(code, code)) for code in known.subdivisions)
    return tuple(sorted(found, key=lambda each: each.name))


@lru_cache(maxsize=256)
def languages_of(country: str) -> tuple[Choice, ...]:
    """In which the holidays have names, the country's own first; none where there is one only."""
    if country not in {each.code for each in countries()}:
        return ()
    known = holidays.country_holidays(country)
    own = known.default_language
    codes = sorted(known.supported_languages, key=lambda code: (code != own, code))
    return tuple(Choice(code, _language(code)) for code in codes)


def public_holidays(
    country: str, *, subdivision: str = "", language: str = "", first_year: int, last_year: int
) -> tuple[tuple[date, str], ...]:
    """The dates and names of these years in order; two holidays of one date are one with both names.

    Raises ``DomainError`` ``holidays.unknown_place`` or ``holidays.years``.
    """
    if country not in {each.code for each in countries()}:
        raise DomainError(
            f"No holidays are known of “{country}”. Choose a country from the list.",
            code="holidays.unknown_place",
        )
    if subdivision and subdivision not in {each.code for each in subdivisions_of(country)}:
        raise DomainError(
            f"{country_name(country)} has no part “{subdivision}”. Choose one from the list, or "
            "the whole country.",
            code="holidays.unknown_place",
        )
    if not first_year <= last_year <= first_year + YEARS_AHEAD:
        raise DomainError(
            f"Choose at most {YEARS_AHEAD + 1} years, the first of them first; "
            f"{first_year} to {last_year} was given.",
            code="holidays.years",
        )
    known = [each.code for each in languages_of(country)]
    # Left to itself the library would choose by the language of the server.
    if language not in known:
        language = known[0] if known else ""
    found = holidays.country_holidays(
        country,
        subdiv=subdivision or None,
        years=range(first_year, last_year + 1),
        language=language or None,
    )
    return tuple((day, name[:_LONGEST_NAME]) for day, name in sorted(found.items()))


def _spaced(name: str) -> str:
    """``BosniaAndHerzegovina`` in three words."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=DR)(?=Congo)", " ", name).split()
    return " ".join(word.lower() if word in {"And", "Of", "The", "Da"} else word for word in words)


def _language(code: str) -> str:
    language, _, place = code.partition("_")
    name = _LANGUAGES.get(language, language)
    return f"{name} ({place})" if place else name
