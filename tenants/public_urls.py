"""The way in, outside of any tenant."""

from django.urls import path

from tenants.views import entry

urlpatterns = [path("", entry.enter, name="enter")]
