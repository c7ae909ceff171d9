"""Blocks of ours in MJML: what they become, what they refuse, and what readers see of them."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.models import Order, OrderLine, Product, ProductFigures, Review, Store, Variant
from messaging.domain.blocks import (
    BLOCKS,
    describe_blocks,
    expand_blocks,
    is_built,
)
from messaging.domain.plain_text import read_text
from messaging.domain.reference import FILTERS, VARIABLES, sample_values
from messaging.domain.rendering import compile_template
from messaging.errors import TemplateInvalid
from messaging.queries.shelves import product_values, recommendation_values, review_values
from messaging.services.authoring import Draft
from messaging.services.checking import compile_draft
from messaging.services.starters import STARTERS, draft_of
from messaging.services.templates import compile_mjml
from messaging.services.trying import find_reader, pending_for, try_template
from messaging.variables import known_variables
from tenants.models import Tenant
from tests.factories.messaging import make_recipient

pytestmark = pytest.mark.covers("M6")

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def mail(inside: str) -> str:
    return f'<mjml look="brand"><mj-body>{inside}</mj-body></mjml>'


def grid(**settings: Any) -> str:
    said = " ".join(f'{name}="{value}"' for name, value in settings.items())
    return f"<mj-product-grid {said}></mj-product-grid>"


@pytest.fixture
def store(tenant: Tenant) -> Store:
    return Store.objects.create(name="Shop", platform="custom", currency="GBP", timezone="UTC")


def make_product(store: Store, title: str, units: int = 0, **fields: Any) -> Product:
    price = fields.pop("price", 1250)
    before = fields.pop("before", None)
    image = f"https://pics.example/{title}.png"
    values = {"image_url": image, "url": f"https://shop.example/{title}", **fields}
    product = Product.objects.create(store=store, external_id=title, title=title, **values)
    Variant.objects.create(
        product=product,
        store=store,
        external_id=title,
        price_minor=price,
        compare_at_minor=before,
        currency="GBP",
    )
    if units:
        ProductFigures.objects.create(product=product, units=units)
    return product


def render(mjml: str, **values: Any) -> str:
    compiled = compile_template(subject="s", preheader="", html=compile_mjml(mjml), text="t")
    known = {**sample_values(), **values}
    return compiled.render({name: known[name] for name in compiled.variables}).html


def titles(shelf: Any) -> list[str]:
    return [row["title"] for row in shelf]


def test_every_block_compiles_with_nothing_set() -> None:
    for block in BLOCKS:
        html = compile_mjml(mail(f"<{block.tag}></{block.tag}>"))
        assert "<mj-" not in html
        assert compile_mjml(mail(f"<{block.tag} />")) == html


def test_a_block_stays_short_in_the_code_and_takes_the_look_of_the_brand() -> None:
    mjml = mail('<mj-brand-header align="left"></mj-brand-header>')

    assert is_built(mjml)
    assert not is_built("<mjml><mj-body></mj-body></mjml>")
    written = expand_blocks(mjml, lang="de")
    assert '<mjml lang="de">' in written
    assert "{{ brand.accent }}" in written
    assert 'align="left"' in written
    assert expand_blocks("<mjml><mj-body></mj-body></mjml>") == "<mjml><mj-body></mj-body></mjml>"


@pytest.mark.parametrize(
    ("block", "words"),
    [
        (grid(count="0"), "block 1, product grid: how many is not between 1 and 12"),
        (grid(columns="4"), "block 1, product grid: columns is none of 1, 2, 3"),
        (grid(source="chosen"), "block 1, product grid: choose at least one product"),
        (grid(source="chosen", ids="1;2"), "block 1, product grid: chosen products are ids"),
        (grid(nonsense="1"), "block 1, product grid: it has no setting 'nonsense'"),
        (f"{grid()}<mj-reviews product='x'/>", "block 2, reviews: of one product is an id"),
        ("<mj-coupon>Ten</mj-coupon>", "block 1, coupon: it holds nothing inside"),
        ("<mj-coupon coupon='1'/><mj-coupon coupon='2'/>", "a mail carries one coupon"),
        ("<mj-loyalty", "is not closed"),
    ],
)
def test_what_a_block_does_not_take_is_refused_with_its_place(block: str, words: str) -> None:
    with pytest.raises(TemplateInvalid) as refused:
        compile_draft(Draft("n", "email", "service", subject="s", mjml=mail(block)))

    assert words in refused.value.fields["mjml"]


def test_a_grid_shows_price_and_what_it_was_and_leaves_no_gaps() -> None:
    goods = [
        {
            "title": f"Soap {number}",
            "url": "https://shop.example/soap" if number == 1 else "",
            "image_url": "https://pics.example/soap.png",
            "category": "",
            "price_minor": 1250 if number < 3 else None,
            "compare_at_minor": 1500 if number == 1 else None,
            "currency": "GBP",
        }
        for number in (1, 2, 3)
    ]
    html = render(mail(grid(count=6, columns=2, title="A & B")), products={"best/6": goods})

    assert html.count('class="pic"') == 3
    assert html.count("https://shop.example/soap") == 1
    assert html.count("<s ") == 1
    assert "£15.00" in html
    assert html.count("£12.50") == 2
    assert "A &amp; B" in html
    assert "A &amp; B" not in render(mail(grid(title="A & B")), products={"best/4": []})


def test_best_sellers_are_what_can_be_bought_the_newest_fill_up(store: Store) -> None:
    make_product(store, "Rose", 5, category="Soap")
    make_product(store, "Mint", 9, category="Soap", before=2000)
    make_product(store, "Oil", 7, category="Care")
    make_product(store, "New", category="Soap")
    make_product(store, "Out", 99, category="Soap", stock_state="out")
    make_product(store, "Draft", 98, category="Soap", status="draft")
    make_product(store, "Bare", 97, category="Soap", image_url="")
    [shelf] = product_values([pending_for(find_reader(None), None)]).values()

    assert titles(shelf["best/3/Soap"]) == ["Mint", "Rose", "New"]
    assert titles(shelf["best/2"]) == ["Mint", "Oil"]
    assert titles(shelf["new/2/So%61p"]) == ["New", "Mint"]
    assert shelf["best/3/Soap"][0]["compare_at_minor"] == 2000
    assert shelf["best/3/Soap"][1]["compare_at_minor"] is None
    with CaptureQueriesContext(connection) as queries:
        shelf["best/3/Soap"]
    assert queries.captured_queries == []
    for key in ("", "best", "best/0", "best/13", "worst/3", "chosen/x"):
        with pytest.raises(KeyError):
            shelf[key]


def test_chosen_products_keep_their_order_and_one_sold_out_is_left_out(store: Store) -> None:
    made = [make_product(store, title) for title in ("A", "B", "C")]
    Product.objects.filter(title="B").update(stock_state="out")
    [shelf] = product_values([pending_for(find_reader(None), None)]).values()

    assert titles(shelf[f"chosen/{made[2].pk},{made[1].pk},{made[0].pk}"]) == ["C", "A"]


def test_nobody_is_recommended_what_they_own(store: Store) -> None:
    mint, rose = make_product(store, "Mint", 9), make_product(store, "Rose", 5)
    ada, bob = make_recipient(), make_recipient()
    order = Order.objects.create(
        store=store, profile=ada, external_id="1", ordered_at=NOON, currency="GBP",
        gross_minor=1, is_counted=True, source_version_at=NOON,
    )  # fmt: skip
    OrderLine.objects.create(
        order=order, line_key="0", position=0, product=mint, quantity=1,
        unit_price_minor=1, total_minor=1,
    )  # fmt: skip
    readers = [find_reader(person.pk) for person in (ada, bob)]
    messages = [pending_for(each, None)._replace(id=each.id) for each in readers]
    values = recommendation_values(messages)

    assert titles(values[ada.pk]) == ["Rose"]
    assert titles(values[bob.pk]) == ["Mint", "Rose"]
    assert rose.title == "Rose"


@pytest.mark.covers("M13")
def test_only_published_reviews_with_good_words_are_shown(store: Store) -> None:
    soap = make_product(store, "Soap")
    for number, (rating, status, body) in enumerate(
        [(5, "published", "x" * 300), (4, "published", "Fine"), (5, "hidden", "Secret"),
         (2, "published", "Bad"), (5, "published", "")]
    ):  # fmt: skip
        Review.objects.create(
            store=store, external_id=str(number), product=soap if number else None,
            rating=rating, status=status, body=body, author="Grace",
            reviewed_at=NOON, source_version_at=NOON,
        )  # fmt: skip
    [shelf] = review_values([pending_for(find_reader(None), None)]).values()

    assert [row["rating"] for row in shelf["best/5"]] == [5, 4]
    assert shelf["best/5"][0]["body"].endswith("…")
    assert [row["body"] for row in shelf[f"best/5/{soap.pk}"]] == ["Fine"]
    html = render(mail("<mj-reviews count='5'/>"), reviews=shelf)
    assert "Fine" in html
    assert "Grace" in html
    assert "Secret" not in html


def test_every_starter_can_be_rendered_for_a_made_up_reader(tenant: Tenant) -> None:
    for starter in STARTERS:
        draft = draft_of(starter.key, name="n", channel="email", message_class="promotional")
        compiled, parts = compile_draft(draft)
        tried = try_template(compiled)
        if not starter.variable or starter.variable in known_variables():
            assert tried.problem in ("", "'sender' is undefined")
        assert "Unsubscribe: {{ unsubscribe_url }}" in parts["text"]
        assert parts["content"]["has_own_text"] is False


def test_the_reference_names_every_variable_that_somebody_knows() -> None:
    assert known_variables() - {variable.name for variable in VARIABLES} == set()
    for found in FILTERS:
        compile_template(subject=f"{{{{ 'a' | {found.name} }}}}", preheader="", html="", text="")


def test_a_block_whose_values_nobody_knows_is_not_offered() -> None:
    tags = [each["tag"] for each in describe_blocks({"loyalty"})]
    assert "mj-loyalty" in tags
    assert "mj-coupon" not in tags


def test_the_text_part_is_read_off_the_mail() -> None:
    html = (
        "<head><title>No</title><style>p{}</style></head><body><div style='display:none'>Hid</div>"
        "<h1>Hello {{ person.first_name }}</h1><p>See <a href='https://a.example'>this</a> &amp; "
        "<a href='https://b.example'>https://b.example</a></p><ul><li>One</li></ul>"
        "{% if a > 0 %}<p>{{ b | newline_to_br }}</p>{% endif %}<img alt='Pic' src='x'></body>"
    )
    assert read_text(html) == (
        "Hello {{ person.first_name }}\n\nSee this: https://a.example & https://b.example\n\n"
        "- One\n\n{% if a > 0 %}\n\n{{ b }}\n\n{% endif %}Pic\n"
    )
