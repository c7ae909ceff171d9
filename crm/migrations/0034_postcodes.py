import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('crm', '0033_points_ahead'),
        ('tenants', '0007_sweep_kept_answers'),
    ]

    operations = [
        migrations.CreateModel(
            name='Postcode',
            fields=[
                ('pk', models.CompositePrimaryKey('tenant_id', 'country', 'code', blank=True, editable=False, primary_key=True, serialize=False)),
                ('country', models.TextField()),
                ('code', models.TextField()),
                ('latitude', models.FloatField(null=True)),
                ('longitude', models.FloatField(null=True)),
                ('source', models.TextField(choices=[('file', 'Your file'), ('derived', 'The middle of the postcodes of your file that begin with it'), ('address', 'Addresses with coordinates')])),
                ('seen_count', models.BigIntegerField(db_default=0)),
                ('seen_latitude', models.FloatField(db_default=0)),
                ('seen_longitude', models.FloatField(db_default=0)),
                ('updated_at', models.DateTimeField()),
                ('tenant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.tenant')),
            ],
        ),
    ]
