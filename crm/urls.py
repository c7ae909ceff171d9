from django.urls import path

from crm.views import catalog, changes, duplicates, orders, panels, people, person, saved

app_name = "crm"

urlpatterns = [
    path("profiles/", people.profile_list, name="profiles"),
    path("profiles/export/", people.export_profiles, name="export"),
    path("profiles/tags/", people.tag_profiles, name="tag_profiles"),
    path("profiles/columns/", saved.choose_columns, name="choose_columns"),
    path("profiles/views/", saved.save_view, name="save_view"),
    path("profiles/views/<int:view_id>/", saved.change_view, name="change_view"),
    path("profiles/duplicates/", duplicates.duplicate_list, name="duplicates"),
    path("profiles/duplicates/decide/", duplicates.decide_many, name="decide_duplicates"),
    path("profiles/duplicates/search/", duplicates.search_again, name="search_duplicates"),
    path("profiles/duplicates/<int:duplicate_id>/", duplicates.duplicate_detail, name="duplicate"),
    path("profiles/<int:profile_id>/", person.profile_detail, name="profile"),
    path("profiles/<int:profile_id>/header/", person.profile_header, name="header"),
    path("profiles/<int:profile_id>/facts/", person.profile_facts, name="facts"),
    path("profiles/<int:profile_id>/erase/", person.erase, name="erase"),
    path("profiles/<int:profile_id>/tags/", changes.tag, name="tag"),
    path("profiles/<int:profile_id>/notes/", changes.note_list, name="notes"),
    path("profiles/<int:profile_id>/notes/add/", changes.add_note, name="add_note"),
    path("profiles/<int:profile_id>/notes/<int:note_id>/", changes.change_note, name="change_note"),
    path(
        "profiles/<int:profile_id>/consent/change/", changes.change_consent, name="change_consent"
    ),
    path("profiles/<int:profile_id>/export/", changes.export_person, name="export_person"),
    path("profiles/<int:profile_id>/merge/", changes.merge, name="merge"),
    path(
        "profiles/<int:profile_id>/merges/<int:merge_id>/undo/",
        changes.undo_merge,
        name="undo_merge",
    ),
    path("profiles/<int:profile_id>/timeline/", panels.timeline, name="timeline"),
    path("profiles/<int:profile_id>/orders/", panels.orders, name="profile_orders"),
    path("profiles/<int:profile_id>/service/", panels.care, name="profile_care"),
    path("profiles/<int:profile_id>/consent/", panels.consent, name="consent"),
    path("profiles/<int:profile_id>/merges/", panels.merges, name="merges"),
    path("orders/", orders.order_list, name="orders"),
    path("orders/export/", orders.export_orders, name="export_orders"),
    path("orders/<int:order_id>/", orders.order_detail, name="order"),
    path("catalog/", catalog.product_list, name="products"),
    path("catalog/<int:product_id>/", catalog.product_detail, name="product"),
    path("catalog/<int:product_id>/buyers/", catalog.product_buyers, name="product_buyers"),
    path("catalog/<int:product_id>/sales.json", catalog.product_sales, name="product_sales"),
    path("catalog/<int:product_id>/sales.csv", catalog.product_sales_csv, name="product_sales_csv"),
]
