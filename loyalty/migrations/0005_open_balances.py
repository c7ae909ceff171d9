from django.db import migrations, models

KINDS = [
    ("earn", "Earned"),
    ("reverse", "Taken back"),
    ("redeem", "Redeemed"),
    ("expire", "Expired"),
    ("adjust", "Adjusted"),
    ("open", "Opening balance"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("loyalty", "0004_sum_points_by_day"),
    ]

    operations = [
        migrations.AlterField(
            model_name=name,
            name="kind",
            field=models.TextField(choices=KINDS),
        )
        for name in ("pointsday", "pointsentry")
    ]
