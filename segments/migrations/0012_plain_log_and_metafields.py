from django.db import migrations, models

DROP_KEYS = """
DO $$
DECLARE
    key text;
BEGIN
    FOR key IN
        SELECT conname FROM pg_constraint
        WHERE conrelid = 'segments_membershipchange'::regclass AND contype = 'f'
            AND confrelid IN ('crm_profile'::regclass, 'segments_segment'::regclass)
    LOOP
        EXECUTE format('ALTER TABLE segments_membershipchange DROP CONSTRAINT %I', key);
    END LOOP;
END
$$
"""


class Migration(migrations.Migration):
    """Columns and indexes of the log stay as they are; nothing but its keys is dropped."""

    dependencies = [("segments", "0011_tell_what_waits")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(DROP_KEYS, migrations.RunSQL.noop)],
            state_operations=[
                migrations.RemoveIndex("membershipchange", "membershipchange_profile_idx"),
                migrations.RemoveIndex("membershipchange", "membershipchange_newest_idx"),
                migrations.RemoveField("membershipchange", "profile"),
                migrations.RemoveField("membershipchange", "segment"),
                migrations.AddField(
                    "membershipchange",
                    "profile_id",
                    models.BigIntegerField(),
                    preserve_default=False,
                ),
                migrations.AddField(
                    "membershipchange",
                    "segment_id",
                    models.BigIntegerField(),
                    preserve_default=False,
                ),
                migrations.AddIndex(
                    "membershipchange",
                    models.Index(
                        fields=["tenant", "profile_id", "-at"],
                        name="membershipchange_profile_idx",
                    ),
                ),
                migrations.AddIndex(
                    "membershipchange",
                    models.Index(
                        fields=["tenant", "segment_id", "-id"],
                        name="membershipchange_newest_idx",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            "segmentpush",
            "form",
            models.TextField(
                choices=[("tag", "Tag"), ("metafield", "Metafield")], db_default="tag", default="tag"
            ),
        ),
    ]
