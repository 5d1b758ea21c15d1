"""Words for what was done: the record of acts names routes, which are for programs. Pure."""

import re
from collections.abc import Mapping
from typing import Final

VERBS: Final[Mapping[str, str]] = {"POST": "New", "PUT": "Saved", "PATCH": "Changed", "DELETE": "Removed"}
# Of routes whose last word is what was done.
STEPS: Final[Mapping[str, str]] = {
    "cancel": "Order cancelled",
    "refunds": "Money given back",
    "look-at-stripe": "Stripe asked about a payment",
    "pick": "Goods picked",
    "pack": "Goods packed",
    "ship": "Parcel handed over",
    "open": "Pick list opened",
    "redrive": "Message tried again",
    "repair": "Books set right",
    "settle": "Stuck item settled",
    "approve": "Refund approved",
    "refuse": "Refund refused",
    "resend": "Mail sent again",
    "notes": "Note written",
    "publish": "Product published",
    "undo": "Change undone",
    "invitation": "Person invited anew",
    "staff": "Person invited",
    "tokens": "Token made",
    "bulk": "Several at once",
    "password": "Own password changed",
    "totp": "Own second factor set up",
    "views": "Own views saved",
    "sessions": "Sessions ended",
    "stock": "Stock",
    "products": "Product",
    "images": "Picture",
    "imports": "Import",
    "categories": "Category",
    "branding": "Name and notices of the shop",
    "logo": "Logo",
    "collections": "Collection",
    "roles": "Role",
    "orders": "Order corrected",
    "links": "Links in mails withdrawn",
    "erase": "Customer forgotten",
    "shipping-methods": "Way of shipping",
    "translations": "Translation",
    "planned": "Planned change",
    "synonyms": "Search words",
    "compounds": "Search words",
    "rules": "Search rule",
    "redirects": "Redirect",
    "skus": "Article",
    "attributes": "Attribute",
    "types": "Kind of product",
    "uploads": "Picture",
    "complete": "Picture",
    "reindex": "Search made anew",
    "passkeys": "Own passkey",
    "options": "Own passkey",
    "apply": "Kind of product",
    "answered": "Done",
}
# Acts that the staff's actor records in words already: as they are shown.
NAMED: Final = (
    "First owner",
    "Recovery code used",
    "Approval asked",
    "Approved",
    "Refused",
    "Codes by time set",
    "Passkey added",
    "Passkey removed",
    "Password set",
    "Person changed",
    "Person invited anew",
    "Person invited",
    "Person joined",
    "Role removed",
    "Role set",
    "Sessions ended",
    "Sign-in refused",
    "Signed in",
    "Token made",
    "Token revoked",
)
_GAP: Final = re.compile(r"^\{.*\}$")


def deed(what: str) -> str:
    """Say what was done: in words for a route of the API, as it stands for what has words already.

    Args:
        what: Of an act, such as `POST /admin/api/orders/{order_id}/refunds` or `person invited`.
    """
    method, _, path = what.partition(" ")
    if method not in VERBS or not path.startswith("/"):
        return what[:1].upper() + what[1:]
    words = [word for word in path.split("/") if word and not _GAP.match(word)]
    return STEPS.get(words[-1] if words else "", VERBS[method])
