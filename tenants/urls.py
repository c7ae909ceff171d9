from django.urls import path

from tenants.views import audit, danger, invitations, jobs, keys, members, settings

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
    path("settings/members/leave/", members.leave, name="leave"),
    path("settings/members/two-step/", members.require_two_step, name="require_two_step"),
    path("settings/members/invite/", invitations.invite, name="invite"),
    path("settings/members/<int:member_id>/role/", members.change_role, name="change_role"),
    path("settings/members/<int:member_id>/remove/", members.remove_member, name="remove_member"),
    path("settings/members/<int:member_id>/hand-over/", members.hand_over, name="hand_over"),
    path("settings/invitations/<int:invitation_id>/resend/", invitations.resend, name="resend"),
    path("settings/invitations/<int:invitation_id>/revoke/", invitations.revoke, name="revoke"),
    path("settings/audit/", audit.trail, name="audit"),
    path("settings/audit/export/", audit.export, name="audit_export"),
    path("settings/audit/<int:audit_id>/", audit.entry, name="audit_entry"),
]
