from django.urls import path

from analytics.views import data, home, mending, notices, overview, start

app_name = "analytics"

urlpatterns = [
    path("", home.home, name="home"),
    path("home/today/", home.today, name="today"),
    path("home/kpis/", home.kpis, name="kpis"),
    path("home/attention/", home.attention, name="attention"),
    path("home/feed/", home.feed, name="feed"),
    path("get-started/", start.get_started, name="get_started"),
    path("get-started/hide/", start.hide, name="hide_start"),
    path("notices/", notices.notices, name="notices"),
    path("notices/panel/", notices.panel, name="notices_panel"),
    path("notices/count/", notices.count, name="notices_count"),
    path("notices/aside/", notices.put_aside, name="put_aside"),
    path("settings/notices/", notices.notice_mails, name="notice_mails"),
    path("data/", data.quality, name="data"),
    path("data/emails/", mending.emails, name="mend_emails"),
    path("data/phones/", mending.phones, name="mend_phones"),
    path("data/orders/", mending.orders, name="link_orders"),
    path("data/categories/", mending.categories, name="mend_categories"),
    path("data/ignore/", mending.ignore, name="ignore_flaw"),
    path("data/received/", data.received, name="received"),
    path("data/received/event/", data.received_event, name="received_event"),
    path("analytics/", overview.overview, name="overview"),
    path("analytics/figures/", overview.figures, name="figures"),
    path("analytics/chart.json", overview.chart, name="chart"),
    path("analytics/chart.csv", overview.chart_csv, name="chart_csv"),
]
