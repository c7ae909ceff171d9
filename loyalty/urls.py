from django.urls import path

from loyalty import views

app_name = "loyalty"

urlpatterns = [
    path("orders/<int:order_id>/points/", views.order_points, name="order_points"),
    path("profiles/<int:profile_id>/points/", views.profile_points, name="profile_points"),
]
