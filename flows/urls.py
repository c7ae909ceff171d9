from django.urls import path

from flows.views import builder, report, trying, why
from flows.views import pages as views

app_name = "flows"

urlpatterns = [
    path("flows/", views.flow_list, name="list"),
    path("flows/draft/", views.draft_flow, name="draft"),
    path("flows/new/", builder.flow_new, name="new"),
    path("flows/values/", builder.flow_values, name="values"),
    path("flows/condition/", builder.preview_condition, name="condition"),
    path("flows/<int:flow_id>/", views.flow_detail, name="detail"),
    path("flows/<int:flow_id>/edit/", builder.flow_edit, name="edit"),
    path("flows/<int:flow_id>/save/", builder.save_draft, name="save_draft"),
    path("flows/<int:flow_id>/rename/", builder.rename_flow, name="rename"),
    path("flows/<int:flow_id>/look/", builder.look_at_draft, name="look"),
    path("flows/<int:flow_id>/publish/", builder.publish_draft, name="publish"),
    path("flows/<int:flow_id>/restore/", builder.restore_version, name="restore"),
    path("flows/<int:flow_id>/counts/", builder.flow_counts, name="counts"),
    path("flows/<int:flow_id>/runs/", views.flow_runs, name="runs"),
    path("flows/<int:flow_id>/runs/<int:run_id>/", views.run_detail, name="run"),
    path("flows/<int:flow_id>/report/", report.flow_report, name="report"),
    path("flows/<int:flow_id>/report.csv", report.flow_report_csv, name="report_csv"),
    path("flows/<int:flow_id>/people/", why.flow_people, name="people"),
    path("flows/<int:flow_id>/people/<int:profile_id>/", why.flow_person, name="person"),
    path("flows/<int:flow_id>/try/", trying.try_flow, name="try"),
    path("flows/<int:flow_id>/try/message/", trying.try_message, name="try_message"),
    path("flows/<int:flow_id>/backtest/", trying.backtest, name="backtest"),
    path("flows/<int:flow_id>/backtest/begin/", trying.begin_backtest, name="begin_backtest"),
    path("flows/<int:flow_id>/refused/", views.flow_refused, name="refused"),
    path("flows/<int:flow_id>/versions/", views.flow_versions, name="versions"),
    path("flows/<int:flow_id>/changes/", views.flow_changes, name="changes"),
    path("flows/<int:flow_id>/status/", views.switch_flow, name="switch"),
    path("flows/<int:flow_id>/resume/", views.resume_runs, name="resume"),
    path("orders/<int:order_id>/flows/", views.order_flows, name="order"),
    path("profiles/<int:profile_id>/flows/", views.profile_flows, name="profile"),
]
