from django.urls import path

from analytics.api import views

urlpatterns = [
    path("reports/kpis/", views.KpiView.as_view(), name="api-reports-kpis"),
    path("reports/revenue/", views.RevenueView.as_view(), name="api-reports-revenue"),
]
