"""Rosters in the database, as rows only: for pages (``roster`` makes real files and imports)."""

from __future__ import annotations

import factory
from factory.django import DjangoModelFactory

from portal.organisation.services import default_site
from portal.roster.models import RosterImport, RosterPhoto, RosterRow

__all__ = ["RosterImportFactory", "RosterRowFactory"]


class RosterImportFactory(DjangoModelFactory):
    """Looked at and ready to be applied, with one line."""

    class Meta:
        model = RosterImport
        skip_postgeneration_save = True

    state = RosterImport.State.CHECKED
    file_name = factory.Sequence(lambda n: f"staff {n}.csv")
    headings = factory.LazyFunction(lambda: ["Code", "Name"])
    mapping = factory.LazyFunction(lambda: {"code": 0, "name": 1})
    default_site = factory.LazyFunction(default_site)
    actor_kind = "user"
    actor_id = "0"
    row = factory.RelatedFactory("tests.factories.rosters.RosterRowFactory", "roster")


class RosterRowFactory(DjangoModelFactory):
    """A line about somebody new, with a photo that is not used."""

    class Meta:
        model = RosterRow
        skip_postgeneration_save = True

    roster = factory.SubFactory(RosterImportFactory)
    line = factory.Sequence(lambda n: n + 2)
    code = factory.Sequence(lambda n: f"R-{n}")
    outcome = RosterRow.Outcome.NEW
    is_pending = True

    @factory.post_generation
    def photo(self, _create: bool, _value: object, **_more: object) -> None:
        RosterPhoto.objects.create(
            roster=self.roster,
            row=self,
            name=f"{self.code}.jpg",
            verdict=RosterPhoto.Verdict.REFUSED,
            reason="no face was found in it",
        )
