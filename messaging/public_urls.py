"""Addresses that recipients and their mail programs call."""

from django.urls import path

from kernel.edges import as_view
from messaging.views import (
    assets,
    brand,
    edges,
    mailboxes,
    push,
    rating,
    returning,
    senders,
    short_links,
    signup_public,
    waiting,
)
from messaging.views.hooks import receive_callback
from messaging.views.link_domain_edges import answer_ask, answer_proof
from messaging.views.signup_script import serve_forms_script, serve_push_script, serve_push_worker

urlpatterns = [
    path("brand/<int:tenant_id>/<str:name>", brand.brand_picture, name="brand_picture"),
    path("pictures/<int:tenant_id>/<str:name>", assets.picture, name="picture"),
    path("p/<str:token>/theme.css", brand.recipient_theme, name="brand_theme"),
    path("v/<str:token>", senders.verify_page, name="verify_sender"),
    path("s/<str:token>", mailboxes.confirm_page, name="confirm_subscription"),
    path("d/<str:token>", mailboxes.copy_page, name="copy_data"),
    path("u/<str:token>", edges.unsubscribe_page, name="unsubscribe"),
    path("p/<str:token>", edges.preferences_page, name="preferences"),
    path("r/<str:token>", rating.rate_page, name="rate"),
    path("b/<str:token>", returning.return_page, name="give_back"),
    path("o/<str:token>.gif", edges.open_pixel, name="open_pixel"),
    path("c/<str:token>", edges.follow_link, name="follow_link"),
    path(
        "hooks/<str:channel>/<str:provider>/<str:token>/",
        as_view(receive_callback),
        name="receive_callback",
    ),
    path("forms.js", as_view(serve_forms_script), name="forms_script"),
    path("push.js", as_view(serve_push_script), name="push_script"),
    path("push-worker.js", as_view(serve_push_worker), name="push_worker"),
    path("v1/push/key", push.public_key, name="push_key"),
    path("v1/push/subscribe", push.subscribe, name="push_subscribe"),
    path("v1/push/unsubscribe", push.unsubscribe, name="push_unsubscribe"),
    path("forms/<str:key>.json", signup_public.definition, name="signup_definition"),
    path("forms/<str:key>/seen", signup_public.seen, name="signup_seen"),
    path("forms/<str:key>", signup_public.take, name="signup_take"),
    path("f/<str:key>/theme.css", signup_public.theme, name="signup_theme"),
    path("f/<str:key>", signup_public.page, name="signup_page"),
    path("link-domains/ask", as_view(answer_ask), name="link_domain_ask"),
    path("link-domains/proof", as_view(answer_proof), name="link_domain_proof"),
    path("w/<str:key>/theme.css", waiting.theme, name="waiting_theme"),
    path("w/<str:key>", waiting.waiting_page, name="waiting_list"),
    path("l/<str:code>", short_links.follow, name="short_link"),
]
