"""What the tests of whole trainings share."""

from __future__ import annotations

import pytest


@pytest.fixture
def without_curves(monkeypatch):
    """Trainings draw no curves, which takes longer than they do; test_training_records.py does."""

    def touch(path, epochs):
        path.touch()

    monkeypatch.setattr("recognition.training.records.save_learning_curves", touch)
