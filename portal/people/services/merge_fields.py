"""Details that the remaining entry takes from the merged one where its own are empty.

Noted as ``{field: [before, after]}`` in a form that JSON keeps, and put back one by one where
nobody changed them since.
"""

from __future__ import annotations

from typing import Any, Final

from django.db.models import Field, ForeignKey

from portal.people.models import Person

__all__ = ["fill", "unfill"]

_FIELDS: Final = ("email", "department", "employed_from", "last_interaction_at", "legal_hold")


def fill(target: Person, source: Person) -> dict[str, list[Any]]:
    """Take over what ``target`` lacks, save it, and return what was changed."""
    before = {name: _plain(target, name) for name in _FIELDS}
    target.email = target.email or source.email
    if target.department_id is None and target.site_id == source.site_id:
        target.department = source.department
    if target.employed_from is None and _fits(source, target):
        target.employed_from = source.employed_from
    # What retention counts from and holds back is the later and the stricter of both.
    if source.last_interaction_at is not None:
        target.last_interaction_at = max(
            source.last_interaction_at, target.last_interaction_at or source.last_interaction_at
        )
    target.legal_hold = target.legal_hold or source.legal_hold
    target.save(update_fields=[*_FIELDS, "updated_at"])
    after = {name: _plain(target, name) for name in _FIELDS}
    return {name: [before[name], after[name]] for name in _FIELDS if before[name] != after[name]}


def unfill(person: Person, changed: dict[str, list[Any]]) -> None:
    """Put back what ``fill`` changed, but not what has another value by now."""
    restored = []
    for name, (before, after) in changed.items():
        if _plain(person, name) == after:
            field = _field(name)
            values = field.target_field if isinstance(field, ForeignKey) else field
            setattr(person, field.attname, None if before is None else values.to_python(before))
            restored.append(name)
    person.save(update_fields=[*restored, "updated_at"])


def _fits(source: Person, target: Person) -> bool:
    if source.employed_from is None or target.employed_to is None:
        return True
    return source.employed_from <= target.employed_to


def _plain(person: Person, name: str) -> Any:
    value = getattr(person, _field(name).attname)
    return value if value is None or isinstance(value, bool | str) else str(value)


def _field(name: str) -> Field[Any, Any]:
    field = Person._meta.get_field(name)
    if not isinstance(field, Field):  # a relation from another table, which none of these is
        raise TypeError(name)
    return field
