"""The form of the first visit."""

from django import forms

__all__ = ["SetupForm"]


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
