from django.urls import path

from stores.views import connect, pages

app_name = "stores"

urlpatterns = [
    path("stores/", pages.store_list, name="list"),
    path("stores/connect/", connect.connect, name="connect"),
    path("stores/<int:store_id>/", pages.store_detail, name="detail"),
    path("stores/<int:store_id>/retry/", pages.retry_store, name="retry_store"),
    path("orders/<int:order_id>/deliveries/", pages.order_deliveries, name="order"),
    path("stores/deliveries/<int:delivery_id>/", pages.delivery_detail, name="delivery"),
    path("stores/deliveries/<int:delivery_id>/retry/", pages.retry_delivery, name="retry"),
]
