import portal.core.fields
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("attendance", "0005_correction_told_at"),
    ]

    operations = [
        migrations.AddField(
            model_name="period",
            name="statement_key",
            field=portal.core.fields.VaultKeyField(blank=True, default="", max_length=80),
            preserve_default=False,
        ),
    ]
