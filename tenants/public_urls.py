"""The way in, outside of any tenant."""

from django.urls import path

from tenants import views

urlpatterns = [path("", views.enter, name="enter")]
