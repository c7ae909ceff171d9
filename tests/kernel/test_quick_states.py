"""Which model classes are made anew when one model changes."""

from django.db import models
from django.db.migrations.state import ModelState, ProjectState

from kernel.postgres.quick_states import FINDER, find_referrers, only_referrers_reloaded


def refers_to(model: str) -> "models.ForeignKey[models.Model]":
    return models.ForeignKey(model, models.CASCADE)


def a_shop() -> ProjectState:
    """Return a tenant to whom all refer, an order of a person, its line, and a vip person."""
    state = ProjectState()
    fields = {
        "Tenant": [],
        "Person": [("tenant", refers_to("shop.Tenant"))],
        "Order": [("tenant", refers_to("shop.Tenant")), ("person", refers_to("shop.Person"))],
        "Line": [("tenant", refers_to("shop.Tenant")), ("order", refers_to("shop.Order"))],
        "Page": [("tenant", refers_to("shop.Tenant"))],
    }
    for name, own in fields.items():
        key = ("id", models.BigAutoField(primary_key=True))
        state.add_model(ModelState("shop", name, [key, *own]))
    state.add_model(ModelState("shop", "Vip", [], {"proxy": True}, bases=("shop.person",)))
    return state


def test_a_changed_model_takes_along_who_refers_to_it_and_who_is_made_from_it() -> None:
    state = a_shop()
    names = {"person", "order", "line", "vip"}
    assert find_referrers(state, "shop", "person") == {("shop", name) for name in names}
    assert find_referrers(state, "shop", "line") == {("shop", "line")}
    assert len(find_referrers(state, "shop", "tenant")) == len(state.models)


def test_only_those_are_made_anew_until_code_asks_for_models() -> None:
    state = a_shop()
    whole = getattr(ProjectState, FINDER)
    before = {model.__name__: model for model in state.apps.get_models()}
    with only_referrers_reloaded():
        state.add_field("shop", "order", "note", models.TextField(), preserve_default=True)
        after = {model.__name__: model for model in state.apps.get_models()}
    assert {name for name, model in after.items() if model is not before[name]} == {"Order", "Line"}
    assert after["Line"]._meta.get_field("order").related_model is after["Order"]
    assert getattr(ProjectState, FINDER) is whole

    state.clear_delayed_apps_cache()  # as RunPython does
    anew = {model.__name__: model for model in state.apps.get_models()}
    assert not set(anew.values()) & set(after.values())
    assert anew["Person"]._meta.get_field("order").related_model is anew["Order"]
