import django.contrib.postgres.indexes
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Index the dates of people while they are read and written."""

    atomic = False
    dependencies = [("crm", "0039_return_labels")]

    operations = [
        AddIndexConcurrently(
            model_name="profile",
            index=django.contrib.postgres.indexes.GinIndex(
                condition=models.Q(("dated", []), _negated=True),
                fields=["tenant", "dated"],
                name="profile_dated_idx",
                opclasses=["int8_ops", "jsonb_path_ops"],
            ),
        ),
    ]
