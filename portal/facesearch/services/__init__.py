"""Writes of searches: asking, what the worker found, and forgetting."""

from portal.facesearch.services.answer import (
    Answer,
    FoundFace,
    Question,
    answer,
    fail,
    keep_faces,
    question,
)
from portal.facesearch.services.ask import MOST_AN_HOUR, SHORTEST_REASON, ask, choose_face
from portal.facesearch.services.forget import delete_searches, forget_searches, ring_again

__all__ = [
    "MOST_AN_HOUR",
    "SHORTEST_REASON",
    "Answer",
    "FoundFace",
    "Question",
    "answer",
    "ask",
    "choose_face",
    "delete_searches",
    "fail",
    "forget_searches",
    "keep_faces",
    "question",
    "ring_again",
]
