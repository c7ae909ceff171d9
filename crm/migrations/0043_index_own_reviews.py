from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Index the reviews that members decide on, by how far they are."""

    atomic = False
    dependencies = [("crm", "0042_tier_ends")]

    operations = [
        AddIndexConcurrently(
            model_name="review",
            index=models.Index(
                condition=models.Q(("is_consented", True)),
                fields=["tenant", "status", "-id"],
                name="review_own_idx",
            ),
        ),
    ]
