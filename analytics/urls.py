from django.urls import path

from analytics import views

app_name = "analytics"

urlpatterns = [
    path("", views.home, name="home"),
    path("home/kpis/", views.kpis, name="kpis"),
    path("home/attention/", views.attention, name="attention"),
    path("home/feed/", views.feed, name="feed"),
    path("home/revenue.json", views.revenue, name="revenue"),
    path("home/revenue.csv", views.revenue_csv, name="revenue_csv"),
]
