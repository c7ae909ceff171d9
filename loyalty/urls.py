from django.urls import path

from loyalty import views

app_name = "loyalty"

urlpatterns = [
    path("profiles/<int:profile_id>/points/", views.profile_points, name="profile_points"),
]
