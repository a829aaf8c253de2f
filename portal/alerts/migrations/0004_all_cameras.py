"""Rules say that they hold for all cameras. Until now those did that named none."""

from django.db import migrations, models


def keep_meaning(apps, schema_editor):
    rules = apps.get_model("alerts", "AlertRule").objects
    rules.filter(cameras__isnull=False).update(is_for_all_cameras=False)


class Migration(migrations.Migration):
    dependencies = [("alerts", "0003_first_rules")]

    operations = [
        migrations.AddField(
            model_name="alertrule",
            name="is_for_all_cameras",
            field=models.BooleanField(default=True),
        ),
        migrations.RunPython(keep_meaning, migrations.RunPython.noop),
    ]
