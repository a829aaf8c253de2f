"""What Gatehouse tells of before anybody made a rule: strangers, and cameras that fell silent."""

from django.db import migrations


def make_rules(apps, schema_editor):
    rules = apps.get_model("alerts", "AlertRule").objects
    for name, fields in {
        "Unknown face": {"event": "stranger", "severity": "warning", "min_faces": 3},
        "Camera offline": {"event": "camera_offline", "severity": "danger"},
        "Name to be confirmed": {"event": "uncertain", "severity": "info", "is_enabled": False},
    }.items():
        rules.get_or_create(name=name, defaults=fields)


class Migration(migrations.Migration):
    dependencies = [("alerts", "0002_watermark")]

    operations = [migrations.RunPython(make_rules, migrations.RunPython.noop)]
