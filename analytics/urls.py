from django.urls import path

from analytics.views import home, overview

app_name = "analytics"

urlpatterns = [
    path("", home.home, name="home"),
    path("home/kpis/", home.kpis, name="kpis"),
    path("home/attention/", home.attention, name="attention"),
    path("home/feed/", home.feed, name="feed"),
    path("home/revenue.json", home.revenue, name="revenue"),
    path("home/revenue.csv", home.revenue_csv, name="revenue_csv"),
    path("analytics/", overview.overview, name="overview"),
    path("analytics/figures/", overview.figures, name="figures"),
    path("analytics/chart.json", overview.chart, name="chart"),
    path("analytics/chart.csv", overview.chart_csv, name="chart_csv"),
]
