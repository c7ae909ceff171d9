from django.urls import path

from segments import views

app_name = "segments"

urlpatterns = [
    path("segments/", views.segment_list, name="list"),
    path("segments/new/", views.segment_new, name="new"),
    path("segments/rfm/", views.rfm, name="rfm"),
    path("segments/<int:segment_id>/", views.segment_detail, name="detail"),
    path("segments/<int:segment_id>/edit/", views.segment_edit, name="edit"),
    path("segments/<int:segment_id>/sizes/", views.segment_sizes, name="sizes"),
    path("orders/<int:order_id>/segments/", views.order_segments, name="order"),
    path("profiles/<int:profile_id>/segments/", views.profile_segments, name="profile"),
]
