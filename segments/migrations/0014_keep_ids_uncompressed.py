from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ("segments", "0013_keep_many_moves_together"),
    ]

    operations = [
        # To compress some thousand ids took longer than to write them, and each look would open them.
        migrations.RunSQL(
            "ALTER TABLE segments_membershipmove ALTER COLUMN profile_ids SET STORAGE EXTERNAL",
            "ALTER TABLE segments_membershipmove ALTER COLUMN profile_ids SET STORAGE EXTENDED",
        ),
    ]
