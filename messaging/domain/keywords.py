"""The words by which people end, resume and ask about messages on their phone. Pure.

A message counts as one of them when it says nothing else. English always counts; other languages
where the merchant or the person speaks them, for what ends messages in one language is a friendly
word in another ("fine").
"""

import re
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

ENGLISH = "en"


class Keyword(StrEnum):
    """What somebody asks for with a single word."""

    STOP = "stop"
    START = "start"
    HELP = "help"


@dataclass(frozen=True, slots=True)
class Said:
    """A keyword, and the language in which it was said."""

    keyword: Keyword
    language: str


_WORDS: dict[str, dict[Keyword, tuple[str, ...]]] = {
    "en": {
        Keyword.STOP: (
            *("stop", "stopall", "stop all", "unsubscribe", "cancel", "end", "quit"),
            *("optout", "opt out", "revoke", "remove me", "stop please", "please stop"),
        ),
        Keyword.START: ("start", "unstop", "subscribe", "resubscribe"),
        Keyword.HELP: ("help", "info"),
    },
    "de": {
        Keyword.STOP: (
            *("stopp", "abmelden", "abbestellen", "kundigen", "kuendigen", "ende", "abbrechen"),
            *("austragen", "keine sms mehr", "keine werbung"),
        ),
        Keyword.START: ("anmelden", "starten"),
        Keyword.HELP: ("hilfe",),
    },
    "fr": {
        Keyword.STOP: (
            *("arret", "arreter", "arretez", "desabonner", "desabonnement", "desinscrire"),
            *("desinscription", "annuler", "fin", "stop sms"),
        ),
        Keyword.START: ("reprendre", "demarrer", "abonner", "inscrire"),
        Keyword.HELP: ("aide",),
    },
    "es": {
        Keyword.STOP: (
            *("alto", "parar", "baja", "darme de baja", "cancelar", "detener", "fin", "salir"),
        ),
        Keyword.START: ("iniciar", "empezar", "comenzar", "alta"),
        Keyword.HELP: ("ayuda",),
    },
    "nl": {
        Keyword.STOP: ("stoppen", "afmelden", "uitschrijven", "annuleren", "einde", "opzeggen"),
        Keyword.START: ("starten", "aanmelden", "inschrijven"),
        Keyword.HELP: ("hulp",),
    },
    "it": {
        Keyword.STOP: (
            *("ferma", "fermare", "annulla", "annullare", "cancella", "cancellami"),
            *("disiscrivi", "disiscrivimi", "fine", "basta"),
        ),
        Keyword.START: ("inizia", "avvia", "iscrivi", "iscrivimi"),
        Keyword.HELP: ("aiuto",),
    },
    "pt": {
        Keyword.STOP: ("parar", "pare", "sair", "cancelar", "remover", "fim", "descadastrar"),
        Keyword.START: ("iniciar", "comecar", "voltar"),
        Keyword.HELP: ("ajuda",),
    },
}

LANGUAGES = tuple(_WORDS)
"""Languages whose words are known, as ISO 639-1."""
# Letters outside of the networks' alphabet would double what an answer costs.
_ANSWERS: dict[str, dict[Keyword, str]] = {
    "en": {
        Keyword.STOP: "{name}: you get no more messages from us. Reply START to get them again.",
        Keyword.START: "{name}: you get our messages again. Reply STOP to end them.",
        Keyword.HELP: "{name}: {contact}Reply STOP to end messages.",
    },
    "de": {
        Keyword.STOP: "{name}: Sie erhalten keine Nachrichten mehr. Mit START wieder anmelden.",
        Keyword.START: "{name}: Sie erhalten unsere Nachrichten wieder. Mit STOP abmelden.",
        Keyword.HELP: "{name}: {contact}Mit STOP abmelden.",
    },
    "fr": {
        Keyword.STOP: "{name} : vous ne recevrez plus nos messages ici. START pour les reprendre.",
        Keyword.START: "{name} : vous recevez de nouveau nos messages. STOP pour finir.",
        Keyword.HELP: "{name} : {contact}STOP pour ne plus recevoir de messages.",
    },
    "es": {
        Keyword.STOP: "{name}: no le enviaremos otros mensajes. Responda START para volver.",
        Keyword.START: "{name}: vuelve a recibir nuestros mensajes. Responda STOP para terminar.",
        Keyword.HELP: "{name}: {contact}Responda STOP para terminar.",
    },
    "nl": {
        Keyword.STOP: "{name}: u krijgt geen berichten meer van ons. Met START weer aanmelden.",
        Keyword.START: "{name}: u krijgt onze berichten weer. Met STOP afmelden.",
        Keyword.HELP: "{name}: {contact}Met STOP afmelden.",
    },
    "it": {
        Keyword.STOP: "{name}: non riceverà più messaggi da noi. Risponda START per riprendere.",
        Keyword.START: "{name}: riceve di nuovo i nostri messaggi. Risponda STOP per terminare.",
        Keyword.HELP: "{name}: {contact}Risponda STOP per terminare.",
    },
    "pt": {
        Keyword.STOP: "{name}: sem mais mensagens nossas. Responda START para voltar.",
        Keyword.START: "{name}: volta a receber as nossas mensagens. Responda STOP para terminar.",
        Keyword.HELP: "{name}: {contact}Responda STOP para terminar.",
    },
}
_OPT_OUT = {
    "en": "Reply STOP to end",
    "de": "Abmelden mit STOP",
    "fr": "Répondez STOP pour finir",
    "es": "STOP para terminar",
    "nl": "Afmelden met STOP",
    "it": "STOP per terminare",
    "pt": "STOP para terminar",
}
_OF_COUNTRY = {
    **dict.fromkeys(("DE", "AT", "LI"), ("de",)),
    **dict.fromkeys(("FR", "MC", "SN", "CI"), ("fr",)),
    **dict.fromkeys(("ES", "MX", "AR", "CO", "CL", "PE", "UY", "EC", "CR", "PA"), ("es",)),
    **dict.fromkeys(("PT", "BR", "AO", "MZ"), ("pt",)),
    **dict.fromkeys(("IT", "SM", "VA"), ("it",)),
    "NL": ("nl",),
    "CH": ("de", "fr", "it"),
    "BE": ("nl", "fr"),
    "LU": ("fr", "de"),
    "CA": ("fr",),
    "US": ("es",),
}
_NOISE = re.compile(r"[^\w\s]|_")
_GAPS = re.compile(r"\s+")


def read_keyword(text: str, languages: Collection[str] = ()) -> Said | None:
    """Return what a message asks for, if it is nothing but a keyword.

    Args:
        text: as it came; case, accents and punctuation around the words do not matter.
        languages: of the merchant and the person, as ISO 639-1; English needs no mention.
    """
    words = _plain(text)
    if not words:
        return None
    for language in dict.fromkeys((*languages, ENGLISH)):
        for keyword, said in _WORDS.get(language, {}).items():
            if words in said:
                return Said(keyword, _spoken(language, languages))
    return None


def languages_of(country: str, locales: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the languages that count where a merchant is and a person's device says.

    Args:
        country: ISO 3166-1 alpha-2; may be empty.
        locales: such as ``de-AT``, the most telling first; empty ones say nothing.
    """
    spoken = [locale.replace("_", "-").partition("-")[0].lower() for locale in locales]
    found = [language for language in spoken if language in _WORDS]
    return tuple(dict.fromkeys((*found, *_OF_COUNTRY.get(country.upper(), ()), ENGLISH)))


def answer_to(said: Said, *, name: str, contact: str) -> str:
    """Return what is answered, once.

    Args:
        said: what was asked for.
        name: of the merchant.
        contact: where help is to be had; may be empty.
    """
    answer = _ANSWERS.get(said.language, _ANSWERS[ENGLISH])[said.keyword]
    return answer.format(name=name, contact=f"{contact.rstrip('.')}. " if contact else "")


def opt_out_words(language: str) -> str:
    """Return the few words that tell how to end messages."""
    return _OPT_OUT.get(language, _OPT_OUT[ENGLISH])


def has_opt_out(text: str) -> bool:
    """Say whether a text tells how to end messages already."""
    return re.search(r"\bSTOP\b", text) is not None


def _spoken(language: str, languages: Collection[str]) -> str:
    """Return the language to answer in: STOP is English everywhere."""
    return next(iter(languages), language) if language == ENGLISH else language


def _plain(text: str) -> str:
    spread = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(letter for letter in spread if not unicodedata.combining(letter))
    return _GAPS.sub(" ", _NOISE.sub(" ", bare)).strip()
