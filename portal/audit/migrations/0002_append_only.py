"""The log becomes append-only in the database, and what there is of it gets its anchor."""

from django.db import migrations, models

from portal.audit.anchor import read_anchor, write_anchor
from portal.audit.chain import audit_key
from portal.audit.triggers import drop_triggers, install_triggers


def install(apps, schema_editor):
    install_triggers(schema_editor.connection)


def drop(apps, schema_editor):
    drop_triggers(schema_editor.connection)


def anchor(apps, schema_editor):
    """Version 0.1 kept no anchor."""
    last = apps.get_model("audit", "AuditEntry").objects.order_by("-seq").first()
    if last is not None and read_anchor() is None:
        write_anchor(last, key=audit_key())


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]

    operations = [
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(fields=["action", "seq"], name="audit_action"),
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(fields=["at"], name="audit_at"),
        ),
        migrations.RunPython(anchor, migrations.RunPython.noop),
        migrations.RunPython(install, drop),
    ]
