"""``manage.py switch_model MODEL``: templates by another model for everybody, and the change."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.calibration.models import EmbeddingFailure, ModelSwitch
from portal.calibration.selectors.switch import open_switch
from portal.calibration.selectors.templates_of_space import coverage, left_out
from portal.calibration.services.switch import begin_embedding, cut_over, fail_switch, start_switch
from portal.core.commands import acting_as_command
from portal.core.errors import DomainError
from portal.people.models import Person
from recognition.errors import RecognitionError
from recognition.models import find_model
from workers.calibration.reembed import prepare_batch
from workers.engine_host import EngineHost
from workers.progress import ProgressBar
from workers.settings import models_dir

_State = ModelSwitch.State


class Command(BaseCommand):
    help = (
        "Make templates with another MODEL from the photos that are kept, then let it recognise. "
        "Goes on where it was stopped. Where a photo cannot be used, everything stays as it was, "
        "the photos are named, and the exit code is 1."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("model", metavar="MODEL", help="as `manage.py models` lists it")
        parser.add_argument(
            "--only-prepare",
            action="store_true",
            help="stop before the change: the model then looks at what cameras see, in shadow, "
            "and the Model page compares the two",
        )
        parser.add_argument(
            "--leave-out",
            type=int,
            default=0,
            metavar="N",
            help="change even though up to N people would not be recognised any more (default 0)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        with acting_as_command("switch_model"):
            try:
                switch = self._prepared(options["model"])
                self._report(switch, allowed=options["leave_out"])
                if not options["only_prepare"]:
                    cut_over(
                        switch.pk,
                        unrecognised=options["leave_out"],
                        reason="manage.py switch_model",
                    )
            except (DomainError, RecognitionError) as error:
                raise CommandError(error.message) from error
            except KeyboardInterrupt as error:
                raise CommandError(
                    "Interrupted. What is done stays done; run it again to go on."
                ) from error
        if options["only_prepare"]:
            self.stdout.write(f"{switch.model} is in shadow. Compare it under Calibration, Model.")
        else:
            self.stdout.write(f"{switch.model} recognises from now on.")

    def _prepared(self, model: str) -> ModelSwitch:
        """The switch in shadow, whoever began it."""
        switch = open_switch()
        if switch is None or switch.model != model:
            find_model(model, models_dir=models_dir())
            switch = start_switch(model, known=True)
        if switch.state == _State.PREPARING:
            self._embed(switch)
            switch.refresh_from_db()
        if switch.state != _State.SHADOW:
            raise CommandError(
                f"The change to {model} is {switch.get_state_display().lower()}. {switch.error}"
            )
        return switch

    def _embed(self, switch: ModelSwitch) -> None:
        try:
            host = EngineHost.of_model(switch.model, owner="switch_model")
        except RecognitionError as error:
            fail_switch(switch.pk, error.message)
            raise
        try:
            if host.space.pk == switch.from_space_id:
                fail_switch(switch.pk, "It makes the same vectors as the model in use.")
                return
            switch = begin_embedding(switch.pk, host.space)
            done = coverage(host.space.pk)
            bar = ProgressBar(done.waiting, stream=sys.stderr, label="photos")
            waiting = done.waiting
            while prepare_batch(host, switch):
                left = coverage(host.space.pk).waiting
                for _ in range(waiting - left):
                    bar.advance()
                waiting = left
            bar.close()
        finally:
            host.engine.close()

    def _report(self, switch: ModelSwitch, *, allowed: int) -> None:
        """Say what was done. Raises ``CommandError`` where something was not, and is not allowed."""
        now = coverage(switch.to_space_id or "")
        self.stdout.write(
            f"{now.embedded} of {now.photos} photos have a template of {switch.model}."
        )
        if not now.failed:
            return
        failures = EmbeddingFailure.objects.filter(space=switch.to_space_id)
        for one in failures.select_related("image__person"):
            person = one.image.person
            self.stderr.write(f"{person.code} {person.name}, photo {one.image_id}: {one.reason}")
        missing = left_out(switch.from_space_id or "", switch.to_space_id or "")
        for person in Person.objects.filter(pk__in=missing).order_by("code"):
            self.stderr.write(f"{person.code} {person.name} would not be recognised.")
        if allowed < max(len(missing), 1):
            raise CommandError(
                f"{now.failed} photos could not be embedded, and {len(missing)} people would not be "
                f"recognised. Nothing was changed: {switch.from_model} goes on recognising with "
                "every vector that it had. Enrol these people anew, or say --leave-out "
                f"{max(len(missing), 1)}."
            )
