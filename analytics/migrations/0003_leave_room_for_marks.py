from django.db import migrations

FORWARDS = 'ALTER TABLE "analytics_ordermark" SET (fillfactor = 85)'
BACKWARDS = 'ALTER TABLE "analytics_ordermark" RESET (fillfactor)'


class Migration(migrations.Migration):
    """Leave room for the mark that learns of the person's next day with an order.

    One order in five is somebody's next one. A new version of the mark before it that finds room
    beside the old one adds nothing to any index.
    """

    dependencies = [("analytics", "0002_dismissals")]

    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
