import django.db.models.deletion
import portal.core.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("attendance", "0003_correction_undo"),
    ]

    operations = [
        migrations.AddField(
            model_name="punchimport",
            name="attempts",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="punchimport",
            name="changed_at",
            field=models.DateTimeField(auto_now=True),
        ),
        migrations.AddField(
            model_name="punchimport",
            name="ended_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="punchimport",
            name="first_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="punchimport",
            name="imported_by_label",
            field=models.CharField(blank=True, max_length=254),
        ),
        migrations.AddField(
            model_name="punchimport",
            name="is_month_first",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="punchimport",
            name="last_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="punchimport",
            name="leased_by",
            field=models.CharField(blank=True, max_length=120),
        ),
        migrations.AddField(
            model_name="punchimport",
            name="leased_until",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="punchimport",
            name="message",
            field=models.CharField(blank=True, max_length=500),
        ),
        migrations.AddField(
            model_name="punchimport",
            name="state",
            field=models.CharField(
                choices=[
                    ("checking", "Being read"),
                    ("checked", "Ready to apply"),
                    ("refused", "Refused"),
                    ("applying", "Being applied"),
                    ("applied", "Applied"),
                    ("stopped", "Stopped"),
                ],
                default="checking",
                max_length=10,
            ),
        ),
        migrations.CreateModel(
            name="PunchImportPart",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("file", "As uploaded"), ("lot", "Rows to be entered")],
                        default="file",
                        max_length=4,
                    ),
                ),
                ("position", models.PositiveIntegerField()),
                ("size_bytes", models.PositiveIntegerField()),
                ("key", portal.core.fields.VaultKeyField(max_length=80)),
                (
                    "punch_import",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="parts",
                        to="attendance.punchimport",
                    ),
                ),
            ],
            options={
                "ordering": ("position",),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("punch_import", "kind", "position"), name="punch_import_part_once"
                    )
                ],
            },
        ),
    ]
