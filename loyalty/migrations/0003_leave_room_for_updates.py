from django.db import migrations

FORWARDS = 'ALTER TABLE "loyalty_pointsaccount" SET (fillfactor = 60)'
BACKWARDS = 'ALTER TABLE "loyalty_pointsaccount" RESET (fillfactor)'


class Migration(migrations.Migration):
    """Leave room in the pages of accounts: each posting writes the row again."""

    dependencies = [("loyalty", "0002_list_ledger_and_worth")]

    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
