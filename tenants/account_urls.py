"""The account of a person; what stands here goes before the log-in's own addresses."""

from django.urls import path

from tenants.views import account

urlpatterns = [
    path("profile/", account.profile, name="account_profile"),
    path("sessions/", account.sessions, name="usersessions_list"),
    path("sessions/end-others/", account.end_others, name="end_other_sessions"),
    path("sessions/<int:session_id>/end/", account.end, name="end_session"),
]
