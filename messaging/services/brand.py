"""The merchant's brand: colours, addresses, links, and the logo in the media folder."""

import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Replace

from kernel.secrets import new_token
from kernel.tenancy import current_tenant_id
from messaging.domain.colours import is_colour
from messaging.domain.fonts import FONT, PLAIN, STACKS, stack_of
from messaging.domain.pictures import read_picture
from messaging.errors import BrandInvalid
from messaging.models import Brand, Template
from tenants.services import audit

_NAME = re.compile(r"[\w-]{32}\.(png|jpg)")


@dataclass(frozen=True, slots=True)
class BrandData:
    """What a brand is told to be; empty texts leave a part out.

    Attributes:
        accent: ``#rrggbb``.
        font: a key of `messaging.domain.fonts.STACKS`.
        links: address by name of a social network.
    """

    accent: str
    font: str = PLAIN
    postal_address: str = ""
    support_email: str = ""
    website: str = ""
    links: dict[str, str] = field(default_factory=dict)


@transaction.atomic
def update_brand(data: BrandData, *, logo: bytes | None, actor: str) -> bool:
    """Change the brand of the active tenant.

    A logo that is replaced stays in its folder: mails that were sent still show it.

    Args:
        data: all of it.
        logo: content of a new one; None keeps the present one.
        actor: e-mail address of the member.

    Returns:
        False when nothing was different.

    Raises:
        BrandInvalid: a colour or picture that is refused; ``fields`` says which.
    """
    if not is_colour(data.accent):
        text = "Write a colour such as #0f5c5c."
        raise BrandInvalid(text, fields={"accent": text})
    if data.font not in STACKS:
        text = f"Choose one of {', '.join(STACKS)}."
        raise BrandInvalid(text, fields={"font": text})
    values: dict[str, Any] = asdict(data)
    if logo is not None:
        values |= _store_logo(logo)
    return _write(values, actor=actor)


@transaction.atomic
def remove_logo(*, actor: str) -> bool:
    """Show the merchant's name in place of a logo; mails that were sent keep theirs.

    Returns:
        False when there was none.
    """
    return _write({"logo_name": "", "logo_width": 0, "logo_height": 0}, actor=actor)


def locate_picture(tenant_id: int, name: str) -> Path | None:
    """Return where a picture lies whose name came in an address; None when there is none."""
    if not _NAME.fullmatch(name):
        return None
    file = _folder(tenant_id) / name
    return file if file.is_file() else None


def _store_logo(content: bytes) -> dict[str, Any]:
    picture = read_picture(content)
    name = f"{new_token()}.{picture.extension}"
    folder = _folder(current_tenant_id())
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    return {"logo_name": name, "logo_width": picture.width, "logo_height": picture.height}


def _write(values: dict[str, Any], *, actor: str) -> bool:
    Brand.objects.get_or_create()
    brand = Brand.objects.select_for_update(no_key=True).get()
    changed = [name for name, value in values.items() if getattr(brand, name) != value]
    if not changed:
        return False
    before = {name: getattr(brand, name) for name in changed}
    after = {name: values[name] for name in changed}
    Brand.objects.filter(pk=brand.pk).update(**after)
    if "font" in changed:
        _let_templates_follow()
    audit.record("brand.changed", "brand", brand.pk, before=before, after=after, actor=actor)
    return True


def _let_templates_follow() -> None:
    """Let templates that were compiled with the plain typeface take that of the brand."""
    plain, own = Value(stack_of(PLAIN)), Value(FONT)
    Template.objects.filter(html__contains=stack_of(PLAIN)).update(
        html=Replace("html", plain, own), mjml=Replace("mjml", plain, own)
    )


def _folder(tenant_id: int) -> Path:
    return Path(settings.MEDIA_ROOT) / str(tenant_id) / "brand"
