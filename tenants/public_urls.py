"""The way in, outside of any tenant."""

from django.urls import path

from tenants.views import entry, invitations, shops

urlpatterns = [
    path("", entry.enter, name="enter"),
    path("shops/new/", shops.create_shop, name="create_shop"),
    path("invitations/<str:token>/", invitations.accept, name="accept_invitation"),
    path("invitations/<str:token>/log-out/", invitations.accept_elsewhere, name="accept_elsewhere"),
]
