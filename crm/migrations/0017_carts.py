import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import kernel.tenancy

NAMES = [
    'Cart Updated',
    'Cart Viewed',
    'Checkout Started',
    'Order Completed',
    'Order Placed',
    'Product Added',
    'Product Removed',
]


def _foreign_key(to, **options):
    return kernel.tenancy.TenantForeignKey(
        db_index=False,
        on_delete=django.db.models.deletion.CASCADE,
        related_name='+',
        to=to,
        **options,
    )


def _tenant():
    return models.ForeignKey(
        db_index=False,
        on_delete=django.db.models.deletion.CASCADE,
        related_name='+',
        to='tenants.tenant',
    )


class Migration(migrations.Migration):

    dependencies = [
        ('crm', '0016_find_touches_of_orders'),
        ('tenants', '0007_sweep_kept_answers'),
    ]

    operations = [
        *(
            migrations.AddField(
                model_name='profilefacts',
                name=name,
                field=models.DateTimeField(null=True),
            )
            for name in (
                'last_viewed_at',
                'last_carted_at',
                'last_checkout_at',
                'last_searched_at',
                'cart_at',
            )
        ),
        migrations.AddField(
            model_name='profilefacts',
            name='cart_minor',
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='order',
            name='checkout_token',
            field=models.TextField(db_default=''),
        ),
        migrations.AddIndex(
            model_name='order',
            index=models.Index(
                condition=models.Q(('checkout_token', ''), _negated=True),
                fields=['tenant', 'checkout_token'],
                name='order_token_idx',
            ),
        ),
        migrations.AddIndex(
            model_name='event',
            index=models.Index(
                condition=models.Q(('name__in', NAMES)),
                fields=['tenant', 'profile_id', '-occurred_at'],
                name='event_cart_idx',
            ),
        ),
        migrations.CreateModel(
            name='OrderHint',
            fields=[
                ('tenant', _tenant()),
                ('pk', models.CompositePrimaryKey('tenant_id', 'order_ref', 'event_id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('order_ref', models.TextField()),
                ('event_id', models.BigIntegerField()),
                ('occurred_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Cart',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('status', models.TextField(choices=[('open', 'Open'), ('abandoned', 'Abandoned'), ('converted', 'Bought')], db_default='open')),
                ('started_at', models.DateTimeField()),
                ('changed_at', models.DateTimeField()),
                ('idle_at', models.DateTimeField()),
                ('checkout_at', models.DateTimeField(null=True)),
                ('abandoned_at', models.DateTimeField(null=True)),
                ('converted_at', models.DateTimeField(null=True)),
                ('currency', models.TextField(db_default='')),
                ('total_minor', models.BigIntegerField(null=True)),
                ('piece_count', models.IntegerField(db_default=0)),
                ('items', models.JSONField(db_default=models.Value([], models.JSONField()), default=list)),
                ('url', models.TextField(db_default='')),
                ('is_backfill', models.BooleanField(db_default=False)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('order', _foreign_key('crm.order', null=True)),
                ('profile', _foreign_key('crm.profile')),
                ('store', _foreign_key('crm.store', null=True)),
                ('tenant', _tenant()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('tenant', 'profile', 'started_at'), name='cart_profile_uniq')],
                'indexes': [
                    models.Index(condition=models.Q(('status', 'open')), fields=['tenant', 'idle_at'], name='cart_idle_idx'),
                    models.Index(condition=models.Q(('order__isnull', False)), fields=['tenant', 'order'], name='cart_order_idx'),
                ],
            },
        ),
    ]
