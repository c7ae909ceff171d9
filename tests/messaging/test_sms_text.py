"""Parts of texts, keywords in seven languages, senders by country, codes of short links."""

import pytest

from messaging.channels.senders import read_senders, sender_for
from messaging.domain.keywords import (
    LANGUAGES,
    Keyword,
    Said,
    answer_to,
    has_opt_out,
    languages_of,
    opt_out_words,
    read_keyword,
)
from messaging.domain.numbers import country_of, is_landline
from messaging.domain.short_codes import make_code, tenant_of
from messaging.domain.sms_text import measure, spell_plainly

pytestmark = pytest.mark.covers("M1", "M5")


@pytest.mark.parametrize(
    ("text", "is_gsm", "units", "parts", "left"),
    [
        ("", True, 0, 0, 160),
        ("a" * 160, True, 160, 1, 0),
        ("a" * 161, True, 161, 2, 145),
        ("a" * 306, True, 306, 2, 0),
        ("a" * 307, True, 307, 3, 152),
        ("€" * 80, True, 160, 1, 0),
        ("a" * 152 + "€" * 5, True, 162, 2, 143),
        ("ç" * 70, False, 70, 1, 0),
        ("ç" * 71, False, 71, 2, 63),
        ("🎁" * 35, False, 70, 1, 0),
        ("a" * 66 + "🎁" * 3, False, 72, 2, 61),
        ("Grüße, ñ, Ω und ¿?", True, 18, 1, 142),
    ],
)
def test_a_text_is_cut_as_networks_cut_it(
    text: str, is_gsm: bool, units: int, parts: int, left: int
) -> None:
    size = measure(text)
    assert (size.is_gsm, size.units, size.parts, size.left) == (is_gsm, units, parts, left)


def test_the_letters_that_make_a_text_dear_are_named() -> None:
    assert measure("Привет 🎁 Привет").odd == "Привет🎁"
    assert measure("plain").odd == ""


def test_typographic_signs_are_spelt_plainly_where_that_saves_a_part() -> None:
    assert spell_plainly("It’s “here” – now…") == 'It\'s "here" - now...'
    assert spell_plainly("It’s here 🎁") == "It’s here 🎁"


@pytest.mark.parametrize(
    ("text", "languages", "said"),
    [
        ("STOP", (), Said(Keyword.STOP, "en")),
        (" stop!! ", (), Said(Keyword.STOP, "en")),
        ("“Stop”", ("de",), Said(Keyword.STOP, "de")),
        ("Unsubscribe", (), Said(Keyword.STOP, "en")),
        ("CANCEL", (), Said(Keyword.STOP, "en")),
        ("end", (), Said(Keyword.STOP, "en")),
        ("Quit", (), Said(Keyword.STOP, "en")),
        ("START", (), Said(Keyword.START, "en")),
        ("help", (), Said(Keyword.HELP, "en")),
        ("Kündigen", ("de",), Said(Keyword.STOP, "de")),
        ("HILFE", ("de",), Said(Keyword.HELP, "de")),
        ("Arrêt", ("fr",), Said(Keyword.STOP, "fr")),
        ("AIDE", ("fr",), Said(Keyword.HELP, "fr")),
        ("Baja", ("es",), Said(Keyword.STOP, "es")),
        ("ayuda", ("es",), Said(Keyword.HELP, "es")),
        ("Afmelden", ("nl",), Said(Keyword.STOP, "nl")),
        ("fine", ("it",), Said(Keyword.STOP, "it")),
        ("Começar", ("pt",), Said(Keyword.START, "pt")),
        ("SAIR", ("pt",), Said(Keyword.STOP, "pt")),
        ("fine", (), None),
        ("Please stop by tomorrow", (), None),
        ("When does the sale end?", (), None),
        ("👍", (), None),
        ("", (), None),
    ],
)
def test_a_message_is_a_keyword_when_it_says_nothing_else(
    text: str, languages: tuple[str, ...], said: Said | None
) -> None:
    assert read_keyword(text, languages) == said


def test_languages_come_from_the_person_then_from_where_the_merchant_is() -> None:
    assert languages_of("CH", ["it-CH"]) == ("it", "de", "fr", "en")
    assert languages_of("GB", ["", "xx"]) == ("en",)
    assert languages_of("", ["pt_BR"]) == ("pt", "en")


def test_answers_fit_into_one_sms_in_every_language() -> None:
    for language in LANGUAGES:
        for keyword in Keyword:
            said = answer_to(
                Said(keyword, language), name="Ada's Soap Shop", contact="help@ada-soap.example"
            )
            assert said.startswith("Ada's Soap Shop")
            assert measure(said).parts == 1, said
        assert has_opt_out(opt_out_words(language))
    assert answer_to(Said(Keyword.HELP, "en"), name="Ada", contact="") == (
        "Ada: Reply STOP to end messages."
    )


def test_a_sender_is_chosen_by_country() -> None:
    options = {"senders": "+447700900000, DE=Soap Shop\nus = +15005550006"}
    assert read_senders(options["senders"]) == {
        "": "+447700900000",
        "DE": "Soap Shop",
        "US": "+15005550006",
    }
    assert sender_for(options, country_of("+4915123456789")) == "Soap Shop"
    assert sender_for(options, country_of("+12025550123")) == "+15005550006"
    assert sender_for(options, country_of("+33612345678")) == "+447700900000"
    assert sender_for({}, "GB") == ""
    assert sender_for({"senders": {"GB": "+44"}}, "gb") == "+44"
    assert country_of("nobody") == ""


def test_a_landline_is_told_where_the_plan_of_its_country_tells() -> None:
    assert is_landline("+442071838750")
    assert not is_landline("+447700900123")
    assert not is_landline("+12025550123")
    assert not is_landline("nobody")


def test_a_short_code_names_its_tenant_and_cannot_be_counted_on() -> None:
    key = b"secret"
    code = make_code(7, 1_234_567, 0, key)
    assert len(code) == 12
    assert tenant_of(code) == 7
    assert make_code(7, 1_234_567, 0, key) == code
    others = {make_code(7, 1_234_567, 1, key), make_code(7, 1_234_568, 0, key)}
    assert code not in others
    assert len({*others, make_code(7, 1_234_567, 0, b"other")}) == 3
    assert tenant_of(make_code(62**4, 1, 0, key)) == 62**4


@pytest.mark.parametrize(
    "code", ["", "1", "x", "17", "0abcdefghij", "1-bcdefghijk", "10bcdefghijk"]
)
def test_other_letters_are_no_code(code: str) -> None:
    assert tenant_of(code) is None
