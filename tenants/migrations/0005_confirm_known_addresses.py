from django.db import migrations
from django.db.models import Exists, OuterRef


def forwards(apps, schema_editor) -> None:
    """Take the addresses of those who could log in until now for confirmed.

    The log-in asks for a confirmed address from now on, and nobody who works here is locked out.
    """
    people = apps.get_model("tenants", "User").objects.using(schema_editor.connection.alias)
    addresses = apps.get_model("account", "EmailAddress")
    known = addresses.objects.filter(user_id=OuterRef("pk"))
    rows = [
        addresses(user_id=person.pk, email=person.email, verified=True, primary=True)
        for person in people.exclude(Exists(known)).iterator()
    ]
    addresses.objects.using(schema_editor.connection.alias).bulk_create(rows, batch_size=1000)


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0004_people"),
        ("account", "0009_emailaddress_unique_primary_email"),
    ]

    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]
