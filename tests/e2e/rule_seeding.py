"""A second administrator, who proposes a rule by which nobody is named.

``python -m tests.e2e.rule_seeding EMAIL PASSWORD``, for the data directory that the environment
names.
"""

from __future__ import annotations

import sys

import django

django.setup()

from portal.core.context import Actor, acting_as  # noqa: E402 - models need Django to be set up
from portal.core.policies import ALL_PERMISSIONS  # noqa: E402
from portal.engines.services import SavedRule, save_rule  # noqa: E402
from tests.factories import UserFactory  # noqa: E402

__all__ = ["seed"]


def seed(email: str, password: str) -> None:
    user = UserFactory(email=email, password=password, role="administrator")
    actor = Actor(kind="user", id=str(user.pk), label=email, permissions=ALL_PERMISSIONS)
    with acting_as(actor):
        save_rule(
            SavedRule(
                threshold=0.99,
                grey_band=0.0,
                min_margin=0.05,
                gallery_size=1,
                stranger_rate=0.001,
                follows_gallery=False,
                reason="Strangers were given names at the gate.",
                evidence={"fpir": {"value": 0.0004, "low": 0.0001, "high": 0.0009}},
            ),
            seen=None,
        )


if __name__ == "__main__":
    seed(sys.argv[1], sys.argv[2])
