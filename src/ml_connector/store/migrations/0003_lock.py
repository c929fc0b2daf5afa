"""Named locks between processes."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("store", "0002_by_hand")]

    operations = [
        migrations.CreateModel(
            name="Lock",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.TextField()),
                ("owner", models.TextField(default="")),
                ("expires_at", models.FloatField(default=0.0)),
                ("wanted", models.BooleanField(default=False)),
                (
                    "workspace",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="store.workspace"),
                ),
            ],
            options={"constraints": [models.UniqueConstraint(fields=("workspace", "name"), name="lock_name")]},
        ),
    ]
