from django.urls import path

from segments.views import (
    editing,
    lists,
    overview,
    panels,
    postcodes,
    rfm,
    segment,
    shops,
    starters,
    values,
)

app_name = "segments"

urlpatterns = [
    path("segments/", overview.segment_list, name="list"),
    path("segments/new/", editing.segment_new, name="new"),
    path("segments/audit/", overview.audit, name="audit"),
    path("segments/preview/", editing.segment_preview, name="preview"),
    path("segments/values/", values.segment_values, name="values"),
    path("segments/templates/", starters.starter_list, name="starters"),
    path("segments/templates/install/", starters.install, name="install"),
    path("segments/lists/new/", lists.list_new, name="list_new"),
    path("segments/lists/options/", lists.list_options, name="list_options"),
    path("segments/lists/add/", lists.add_many, name="add_many"),
    path("segments/rfm/", rfm.rfm, name="rfm"),
    path("segments/rfm/moves/", rfm.rfm_moves, name="rfm_moves"),
    path("segments/rfm/cut/", rfm.rfm_cut, name="rfm_cut"),
    path("segments/<int:segment_id>/", segment.segment_detail, name="detail"),
    path("segments/<int:segment_id>/edit/", editing.segment_edit, name="edit"),
    path("segments/<int:segment_id>/sizes/", segment.segment_sizes, name="sizes"),
    path("segments/<int:segment_id>/moves/", segment.segment_moves, name="moves"),
    path("segments/<int:segment_id>/buys.csv", segment.segment_insight, name="insight_csv"),
    path("segments/<int:segment_id>/export/", segment.segment_export, name="export"),
    path("segments/<int:segment_id>/shops/", shops.segment_shop, name="shop"),
    path("segments/<int:segment_id>/restore/", segment.segment_restore, name="restore"),
    path("segments/<int:segment_id>/archive/", overview.segment_archive, name="archive"),
    path("segments/<int:segment_id>/unarchive/", overview.segment_unarchive, name="unarchive"),
    path("segments/<int:list_id>/people/", lists.list_people, name="people"),
    path("segments/<int:list_id>/take-off/", lists.list_take_off, name="take_off"),
    path("segments/<int:segment_id>/snapshot/", lists.segment_snapshot, name="snapshot"),
    path("settings/postcodes/", postcodes.postcodes, name="postcodes"),
    path("profiles/<int:profile_id>/lists/", lists.profile_lists, name="profile_lists"),
    path("orders/<int:order_id>/segments/", panels.order_segments, name="order"),
    path("profiles/<int:profile_id>/segments/", panels.profile_segments, name="profile"),
]
