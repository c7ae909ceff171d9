"""Addresses of the mailbox, included in embedded mode alone."""

from django.urls import path

from kernel.embedded import views

app_name = "mailbox"
urlpatterns = [
    path("", views.mail_list, name="list"),
    path("messages.json", views.mail_list_json, name="messages"),
    path("<str:mail_id>/", views.mail_detail, name="detail"),
    path("<str:mail_id>/body/", views.mail_body, name="body"),
    path("<str:mail_id>/source/", views.mail_source, name="source"),
]
