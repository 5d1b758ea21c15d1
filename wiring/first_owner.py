"""The first owner of a shop: as the settings name them, or by a link that `serve` prints while there is none."""

from bus.messages.base import new_id
from bus.messages.staff import (
    COMMAND_LINE,
    OWNER,
    CountOwners,
    Enthrone,
    Invite,
    ListPeople,
    Person,
    PersonKept,
    Reinvite,
)
from engine.errors import BadSetting
from engine.passwords import open_passwords
from engine.tokens import hash_of_token
from gateway.staff_links import INVITATION_S, join_link, new_invitation
from wiring.domains import ShopSettings
from wiring.shop import Shop

NOBODY = "owner@localhost"  # The address of an owner who has come by the printed link and has told none.


async def first_owner(shop: Shop, url: str) -> str:
    """See to it that the shop has an owner, or can have one.

    Returns:
        The link to print, by which a person becomes the owner; "" if there is one.

    Raises:
        BadSetting: The password of the settings is refused.
    """
    if await shop.bus.ask(CountOwners()):
        return ""
    settings = shop.settings.staff
    if settings.shopflow_admin_email and settings.shopflow_admin_password:
        await _enthrone(shop)
        return ""
    token, email = new_invitation(), settings.shopflow_admin_email or NOBODY
    invite = Invite(
        id=new_id("stf"), email=email, name="Owner", role=OWNER, token_hash=hash_of_token(token), valid_s=INVITATION_S,
        by=COMMAND_LINE,
    )  # fmt: skip
    answer = await shop.bus.ask(invite)
    if not isinstance(answer, PersonKept):  # Invited at an earlier start: that link is void now.
        known = await _invited(shop, email)
        if known is None:
            return ""
        await shop.bus.ask(
            Reinvite(id=known.id, token_hash=hash_of_token(token), valid_s=INVITATION_S, by=COMMAND_LINE)
        )
    return join_link(url, token)


async def _invited(shop: Shop, email: str) -> Person | None:
    people = (await shop.bus.ask(ListPeople())).people
    return next(
        (each for each in people if each.email == email and (each.role, each.state) == (OWNER, "invited")), None
    )


async def _enthrone(shop: Shop) -> None:
    settings: ShopSettings = shop.settings
    email, password = settings.staff.shopflow_admin_email, settings.staff.shopflow_admin_password
    async with open_passwords(settings.passwords) as passwords:
        if weakness := await passwords.weakness(password, [email]):
            raise BadSetting(f"SHOPFLOW_ADMIN_PASSWORD: is easily guessed ({weakness}); choose another one")
        encoded = await passwords.hash(password)
    answer = await shop.bus.ask(Enthrone(id=new_id("stf"), email=email, password=encoded))
    if not isinstance(answer, PersonKept):
        raise BadSetting("SHOPFLOW_ADMIN_EMAIL: this is the address of somebody else who works here")
