from django.urls import path

from loyalty.views import ledger, overview, panels, tiers

app_name = "loyalty"

urlpatterns = [
    path("loyalty/", overview.overview, name="overview"),
    path("loyalty/figures/", overview.figures, name="figures"),
    path("loyalty/points.json", overview.chart, name="chart"),
    path("loyalty/points.csv", overview.chart_csv, name="chart_csv"),
    path("loyalty/settings/", overview.program_settings, name="settings"),
    path("loyalty/ladder/", tiers.ladder, name="ladder"),
    path("loyalty/tiers/", tiers.tier_settings, name="tiers"),
    path("loyalty/tiers/start/", tiers.start_tiers, name="start_tiers"),
    path("loyalty/ledger/", ledger.ledger, name="ledger"),
    path("loyalty/ledger/export/", ledger.export_ledger, name="export_ledger"),
    path("loyalty/accounts/<int:profile_id>/", ledger.account, name="account"),
    path("loyalty/accounts/<int:profile_id>/adjust/", ledger.adjust, name="adjust"),
    path("orders/<int:order_id>/points/", panels.order_points, name="order_points"),
    path("profiles/<int:profile_id>/points/", panels.profile_points, name="profile_points"),
]
