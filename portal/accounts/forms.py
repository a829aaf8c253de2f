"""The form of the first visit, and those about users."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.http import QueryDict

from portal.accounts.models import Role, User
from portal.accounts.services import UserDetails
from portal.organisation.models import Department, Site
from portal.organisation.selectors import visible_departments, visible_sites

__all__ = ["SetupForm", "UserForm"]

# What a role means, for whoever gives it.
_ROLE_WORDS: Final = {
    Role.ADMINISTRATOR: "everything, at every site.",
    Role.OFFICER: "watches the live page and looks people up; changes nobody.",
    Role.HR: "keeps the people: enrols, imports, answers for consent. Sees no live page.",
    Role.MANAGER: "sees the people of certain departments and when they were seen.",
    Role.AUDITOR: "reads everything, the audit log as well; changes nothing.",
    Role.EMPLOYEE: "sees their own data only.",
}


class SetupForm(forms.Form):
    token = forms.CharField(
        label="Set-up token",
        help_text="Printed in the terminal where Gatehouse was started. It works once.",
    )
    email = forms.EmailField(label="E-mail address", help_text="You sign in with it.")
    name = forms.CharField(label="Your name", max_length=120, required=False)
    password = forms.CharField(
        label="Password",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="At least 10 characters. A few unrelated words make a good one.",
    )


class _Departments(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.site.name}: {obj.path}"


class UserForm(forms.Form):
    """A user; without the address for one who exists, since the log knows them by it."""

    email = forms.EmailField(label="E-mail address", help_text="They sign in with it.")
    name = forms.CharField(max_length=120, required=False, label="Name")
    role = forms.ChoiceField(
        choices=[(role.value, f"{role.label}: {words}") for role, words in _ROLE_WORDS.items()],
        widget=forms.RadioSelect,
        label="Role",
    )
    sites = forms.ModelMultipleChoiceField(
        queryset=Site.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label="Only at these sites",
        help_text="None ticked: at every site.",
    )
    departments = _Departments(
        queryset=Department.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label="Departments",
        help_text="What lies below a department is seen as well.",
    )
    person_code = forms.CharField(
        max_length=40,
        required=False,
        label="Code of their person",
        help_text="Whose own data they may see, under “Your data”.",
    )

    def __init__(self, data: QueryDict | None = None, *, user: User | None = None) -> None:
        initial: dict[str, Any] = {"role": Role.OFFICER}
        if user is not None:
            initial = {
                "name": user.name,
                "role": user.role,
                "sites": [site.pk for site in user.sites.all()],
                "departments": [department.pk for department in user.departments.all()],
                "person_code": user.person.code if user.person else "",
            }
        super().__init__(data, initial=initial)
        if user is not None:
            del self.fields["email"]
        self.fields["sites"].queryset = visible_sites()  # type: ignore[attr-defined]
        self.fields["departments"].queryset = visible_departments()  # type: ignore[attr-defined]

    def details(self) -> UserDetails:
        data = self.cleaned_data
        return UserDetails(
            role=data["role"],
            name=data["name"],
            site_ids=frozenset(site.pk for site in data["sites"]),
            department_ids=frozenset(row.pk for row in data["departments"]),
            person_code=data["person_code"],
        )
