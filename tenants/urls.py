from django.urls import path

from tenants.views import danger, jobs, keys, members, settings

app_name = "tenants"

urlpatterns = [
    path("jobs/", jobs.job_list, name="jobs"),
    path("jobs/<int:job_id>/", jobs.job_detail, name="job"),
    path("jobs/<int:job_id>/progress/", jobs.job_progress, name="job_progress"),
    path("jobs/<int:job_id>/file/", jobs.job_file, name="job_file"),
    path("jobs/<int:job_id>/cancel/", jobs.cancel, name="cancel_job"),
    path("jobs/<int:job_id>/retry/", jobs.retry, name="retry_job"),
    path("jobs/<int:job_id>/undo/", jobs.undo, name="undo_job"),
    path("settings/", settings.settings, name="settings"),
    path("settings/general/", settings.general, name="general"),
    path("settings/keys/", keys.api_keys, name="api_keys"),
    path("settings/keys/<int:key_id>/revoke/", keys.revoke_api_key, name="revoke_api_key"),
    path("settings/danger/", danger.danger, name="danger"),
    path("settings/danger/export/", danger.export, name="export"),
    path("settings/danger/suspend/", danger.suspend, name="suspend"),
    path("settings/danger/resume/", danger.resume, name="resume"),
    path("settings/danger/delete/", danger.delete, name="delete"),
    path("settings/danger/restore/", danger.restore, name="restore"),
    path("settings/members/", members.members, name="members"),
]
