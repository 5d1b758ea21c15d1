"""A page of the account, for whoever is signed in."""

from collections.abc import Sequence

from litestar import Response
from litestar.datastructures import Cookie

from gateway.api.customer.bodies import CustomerView
from gateway.context import Http
from gateway.pages.inside import Refused, ask
from gateway.pages.render import page
from gateway.pages.sentences import sentence_of
from gateway.pages.visitor import cart_cookie, cart_id_of, language_asked, visitor_of


async def account_page(
    request: Http,
    template: str,
    *,
    refused: Refused | None = None,
    cookies: Sequence[Cookie] = (),
    **values: object,
) -> Response[bytes]:
    """Render a page of the account.

    Args:
        request: Whose page it is.
        template: Its file below `templates/account`.
        refused: The refusal of a form, which is shown again.
        cookies: To set with it.
        values: What the template shows.

    Raises:
        Refused: Nobody is signed in, or not just now where the form asks for it.
    """
    if refused is not None and refused.code in ("unauthorized", "fresh_login_required"):
        raise refused
    me = (await ask(request, "GET", "/me")).read(CustomerView)
    return await page(
        request,
        f"account/{template}",
        status=refused.status if refused else 200,
        headers={"Cache-Control": "no-store"},
        cookies=cookies,
        visitor=await visitor_of(request),
        me=me,
        problem=sentence_of(language_asked(request), refused) if refused else "",
        field=refused.field if refused else "",
        **values,
    )


async def without_own_cart(request: Http) -> Sequence[Cookie]:
    """Return the cookie that takes a customer's basket from a browser which they sign out of; nothing if the basket in
    it is not kept with their account.

    The basket waits for their next sign-in. Whoever uses the browser next would read it, names to engrave included.
    """
    cart_id = cart_id_of(request)
    if not cart_id:
        return ()
    try:
        me = (await ask(request, "GET", "/me")).read(CustomerView)
    except Refused:  # Nobody is signed in.
        return ()
    return [cart_cookie(request, "")] if me.cart_id == cart_id else ()
