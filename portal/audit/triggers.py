"""What keeps the audit log append-only in the database itself: UPDATE and DELETE are refused.

Public surface: ``install_triggers``, ``drop_triggers``, ``TRIGGERS``. Whoever may change the
schema can drop them; what they did then is found by the chain (``manage.py audit_verify``).
"""

from __future__ import annotations

from typing import Final

from django.db.backends.base.base import BaseDatabaseWrapper

__all__ = ["TRIGGERS", "drop_triggers", "install_triggers"]

TABLE: Final = "audit_auditentry"
TRIGGERS: Final = ("audit_append_only_update", "audit_append_only_delete")
_REFUSAL: Final = "the audit log is append-only"

_INSTALL: Final = {
    "sqlite": [
        (
            f"CREATE TRIGGER IF NOT EXISTS audit_append_only_update BEFORE UPDATE ON {TABLE} "
            f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
        ),
        (
            f"CREATE TRIGGER IF NOT EXISTS audit_append_only_delete BEFORE DELETE ON {TABLE} "
            f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
        ),
    ],
    "postgresql": [
        (
            "CREATE OR REPLACE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$"
        ),
        (
            f"CREATE OR REPLACE TRIGGER audit_append_only_update BEFORE UPDATE ON {TABLE} "
            "FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only()"
        ),
        (
            f"CREATE OR REPLACE TRIGGER audit_append_only_delete BEFORE DELETE ON {TABLE} "
            "FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only()"
        ),
        (
            f"CREATE OR REPLACE TRIGGER audit_append_only_truncate BEFORE TRUNCATE ON {TABLE} "
            "FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only()"
        ),
    ],
}
_DROP: Final = {
    "sqlite": [f"DROP TRIGGER IF EXISTS {name}" for name in TRIGGERS],
    "postgresql": [
        *(
            f"DROP TRIGGER IF EXISTS {name} ON {TABLE}"
            for name in (*TRIGGERS, "audit_append_only_truncate")
        ),
        "DROP FUNCTION IF EXISTS audit_append_only()",
    ],
}


def install_triggers(connection: BaseDatabaseWrapper) -> None:
    _execute(connection, _INSTALL)


def drop_triggers(connection: BaseDatabaseWrapper) -> None:
    _execute(connection, _DROP)


def _execute(connection: BaseDatabaseWrapper, statements: dict[str, list[str]]) -> None:
    with connection.cursor() as cursor:
        for statement in statements[connection.vendor]:
            cursor.execute(statement)
