"""The keys of all routes that staff use: one table, in which every one of them stands.

A route that is not here is nobody's, and the suite fails. Reading takes `read_`, all else `write_` of a resource; what
shows a buyer besides, or is about one, `read_customers`, too. What can change a price takes `write_prices`, too, and an
import, which counts as well, `write_stock`. What moves money, sets prices or gives rights asks people for a fresh
sign-in; a program has its token for that and nothing else.

Rejected: docs/decisions/0050.
"""

from collections.abc import Collection, Mapping
from typing import Final

from bus.messages.staff import RightKey


class Right:
    """The right that a route asks for.

    Args:
        keys: All of them are needed.
        is_fresh: Whether a person must have signed in just now.
        is_of_person: Whether only people may: it takes a second pair of eyes, or is about their own account.
        is_open: Whether anybody may, without signing in.
    """

    __slots__ = ("is_fresh", "is_of_person", "is_open", "keys")

    def __init__(
        self, *keys: RightKey, is_fresh: bool = False, is_of_person: bool = False, is_open: bool = False
    ) -> None:
        self.keys = keys
        self.is_fresh = is_fresh
        self.is_of_person = is_of_person
        self.is_open = is_open

    def missing(self, keys: Collection[RightKey]) -> RightKey | None:
        """Return a key that is needed and not among these; None if there is none."""
        return next((key for key in self.keys if key not in keys), None)


SELF: Final = Right(is_of_person=True)
OWN: Final = Right(is_fresh=True, is_of_person=True)
OPEN: Final = Right(is_open=True)
EXPLAIN: Final = Right("read_content")  # Of a list for everybody, with the reasons that are for staff.
PRICES: Final = Right("write_prices", is_fresh=True)  # Of a change that may have prices, and has some.

RIGHTS: Final[Mapping[str, Right]] = {
    "GET /orders/{order_id}": Right("read_orders"),
    "GET /orders/{order_id}/payment": Right("read_payments"),
    "POST /orders/{order_id}/cancel": Right("write_orders", is_fresh=True),
    "POST /orders/{order_id}/reorder": Right("write_orders"),
    "DELETE /orders/{order_id}/links": Right("write_orders"),
    "POST /admin/api/products": Right("write_products", "write_prices", is_fresh=True),
    "GET /admin/api/products": Right("read_products"),
    "GET /admin/api/products/{product_id}": Right("read_products"),
    "PATCH /admin/api/products/{product_id}": Right("write_products"),
    "PUT /admin/api/products/{product_id}": Right("write_products", "write_prices", is_fresh=True),
    "DELETE /admin/api/products/{product_id}": Right("write_products"),
    "POST /admin/api/products/{product_id}/publish": Right("write_products"),
    "DELETE /admin/api/products/{product_id}/skus/{sku}": Right("write_products"),
    "PATCH /admin/api/products/{product_id}/skus/{sku}": Right("write_products"),
    "GET /admin/api/products/{product_id}/history": Right("read_products"),
    "POST /admin/api/products/{product_id}/history/{revision}/undo": Right(
        "write_products", "write_prices", is_fresh=True
    ),
    "POST /admin/api/attributes": Right("write_products"),
    "GET /admin/api/attributes": Right("read_products"),
    "GET /admin/api/attributes/{key}": Right("read_products"),
    "PUT /admin/api/attributes/{key}": Right("write_products"),
    "DELETE /admin/api/attributes/{key}": Right("write_products"),
    "GET /admin/api/types": Right("read_products"),
    "POST /admin/api/types": Right("write_products"),
    "GET /admin/api/types/{type_id}": Right("read_products"),
    "DELETE /admin/api/types/{type_id}": Right("write_products"),
    "PUT /admin/api/types/{type_id}": Right("write_products"),
    "POST /admin/api/types/{type_id}/apply": Right("write_products"),
    "GET /admin/api/categories": Right("read_products"),
    "GET /admin/api/categories/{category_id}": Right("read_products"),
    "PUT /admin/api/categories/{category_id}": Right("write_products"),
    "DELETE /admin/api/categories/{category_id}": Right("write_products"),
    "GET /admin/api/collections": Right("read_content"),
    "PUT /admin/api/collections/{collection_id}": Right("write_content"),
    "DELETE /admin/api/collections/{collection_id}": Right("write_content"),
    "GET /admin/api/collections/{collection_id}": Right("read_content"),
    "DELETE /admin/api/redirects": Right("write_content"),
    "GET /admin/api/redirects": Right("read_content"),
    "PUT /admin/api/redirects": Right("write_content"),
    "GET /admin/api/products/{product_id}/translations": Right("read_products"),
    "PUT /admin/api/products/{product_id}/translations/{locale}": Right("write_products"),
    "DELETE /admin/api/products/{product_id}/translations/{locale}": Right("write_products"),
    "GET /admin/api/categories/{category_id}/translations": Right("read_products"),
    "DELETE /admin/api/categories/{category_id}/translations/{locale}": Right("write_products"),
    "PUT /admin/api/categories/{category_id}/translations/{locale}": Right("write_products"),
    "GET /admin/api/collections/{collection_id}/translations": Right("read_content"),
    "PUT /admin/api/collections/{collection_id}/translations/{locale}": Right("write_content"),
    "DELETE /admin/api/collections/{collection_id}/translations/{locale}": Right("write_content"),
    "GET /admin/api/attributes/{key}/translations": Right("read_products"),
    "DELETE /admin/api/attributes/{key}/translations/{locale}": Right("write_products"),
    "PUT /admin/api/attributes/{key}/translations/{locale}": Right("write_products"),
    "POST /admin/api/products/{product_id}/planned": Right("write_products", "write_prices", is_fresh=True),
    "GET /admin/api/products/{product_id}/planned": Right("read_products"),
    "DELETE /admin/api/products/{product_id}/planned/{plan_id}": Right("write_products"),
    "GET /admin/api/search/health": Right("read_content"),
    "POST /admin/api/search/reindex": Right("write_content"),
    "GET /admin/api/search/explain": Right("read_content"),
    "GET /admin/api/search/terms": Right("read_content"),
    "GET /admin/api/search/synonyms": Right("read_content"),
    "PUT /admin/api/search/synonyms": Right("write_content"),
    "GET /admin/api/search/compounds": Right("read_content"),
    "PUT /admin/api/search/compounds": Right("write_content"),
    "PUT /admin/api/search/rules": Right("write_content"),
    "GET /admin/api/search/rules": Right("read_content"),
    "POST /admin/api/imports": Right("write_products", "write_prices", "write_stock", is_fresh=True),
    "GET /admin/api/imports": Right("read_products"),
    "GET /admin/api/imports/{import_id}": Right("read_products"),
    "POST /admin/api/imports/{import_id}/undo": Right("write_products", "write_prices", "write_stock", is_fresh=True),
    "GET /admin/api/stock": Right("read_stock"),
    "PUT /admin/api/stock": Right("write_stock"),
    "GET /admin/api/stock/{sku}/holds": Right("read_stock"),
    "GET /admin/api/stock/{sku}/ledger": Right("read_stock"),
    "GET /admin/api/stock/{sku}": Right("read_stock"),
    "PUT /admin/api/stock/{sku}": Right("write_stock"),
    "GET /admin/api/products/{product_id}/images": Right("read_products"),
    "PUT /admin/api/products/{product_id}/images": Right("write_products"),
    "POST /admin/api/products/{product_id}/images": Right("write_products"),
    "PATCH /admin/api/products/{product_id}/images/{image_id}": Right("write_products"),
    "DELETE /admin/api/products/{product_id}/images/{image_id}": Right("write_products"),
    "DELETE /admin/api/images/{image_id}": Right("write_products"),
    "POST /admin/api/uploads": Right("write_products"),
    "POST /admin/api/uploads/{upload_id}/complete": Right("write_products"),
    "GET /admin/api/orders": Right("read_orders"),
    "GET /admin/api/orders/{order_id}": Right("read_orders"),
    "PATCH /admin/api/orders/{order_id}": Right("write_orders", "read_customers"),
    "GET /admin/api/orders/{order_id}/notes": Right("read_orders", "read_customers"),
    "POST /admin/api/orders/{order_id}/notes": Right("write_orders", "read_customers"),
    "DELETE /admin/api/orders/{order_id}/notes/{note_id}": Right("write_orders", "read_customers"),
    "GET /admin/api/orders/{order_id}/mails": Right("read_orders"),
    "GET /admin/api/orders/{order_id}/mails/{mail_id}": Right("read_orders", "read_customers"),
    "POST /admin/api/orders/{order_id}/mails/{mail_id}/resend": Right("write_orders"),
    "GET /admin/api/orders/{order_id}/flow": Right("read_orders"),
    "POST /admin/api/orders/bulk": Right("write_orders", is_fresh=True),
    "POST /admin/api/pick-lists/bulk": Right("write_parcels"),
    "DELETE /admin/api/orders/{order_id}/links": Right("write_orders"),
    "GET /admin/api/orders/{order_id}/refundable": Right("read_payments"),
    "POST /admin/api/orders/{order_id}/refunds": Right("write_payments", is_fresh=True),
    "POST /admin/api/orders/{order_id}/look-at-stripe": Right("write_payments"),
    "GET /admin/api/pick-lists": Right("read_parcels"),
    "GET /admin/api/pick-lists/in-hand": Right("read_parcels"),
    "GET /admin/api/pick-lists/{list_id}": Right("read_parcels"),
    "POST /admin/api/pick-lists/wave": Right("write_parcels"),
    "POST /admin/api/pick-lists/{list_id}/take": Right("write_parcels"),
    "POST /admin/api/pick-lists/{list_id}/put-aside": Right("write_parcels"),
    "POST /admin/api/pick-lists/{list_id}/open": Right("write_parcels"),
    "POST /admin/api/pick-lists/{list_id}/pick": Right("write_parcels"),
    "POST /admin/api/pick-lists/{list_id}/pack": Right("write_parcels"),
    "POST /admin/api/pick-lists/{list_id}/ship": Right("write_parcels"),
    "GET /admin/api/shipping-methods": Right("read_settings"),
    "GET /admin/api/shipping-methods/{method_id}": Right("read_settings"),
    "PUT /admin/api/shipping-methods/{method_id}": Right("write_settings"),
    "GET /admin/api/settings": Right("read_settings"),
    "GET /admin/api/branding": Right("read_settings"),
    "PUT /admin/api/branding": Right("write_settings"),
    "GET /admin/api/branding/history": Right("read_settings"),
    "POST /admin/api/branding/history/{revision}/restore": Right("write_settings"),
    "PUT /admin/api/branding/logo": Right("write_settings"),
    "DELETE /admin/api/branding/logo": Right("write_settings"),
    "GET /admin/api/audit": Right("read_settings"),
    "POST /admin/api/audit/repair": Right("write_settings"),
    "GET /admin/api/stuck-money": Right("read_payments"),
    "POST /admin/api/stuck-money/{item_id}/settle": Right("write_payments"),
    "GET /admin/api/analytics/sales": Right("read_reports"),
    "GET /admin/api/analytics/sales/hours": Right("read_reports"),
    "GET /admin/api/dead-letters": Right("read_settings"),
    "POST /admin/api/dead-letters/{letter_id}/redrive": Right("write_settings"),
    "GET /admin/api/flow": Right("read_settings"),
    "GET /admin/api/actors": Right("read_settings"),
    # Customers.
    "GET /admin/api/customers": Right("read_customers"),
    "GET /admin/api/customers/{customer_id}": Right("read_customers"),
    "POST /admin/api/customers/{customer_id}/erase": Right("write_customers", is_fresh=True),
    "GET /admin/api/erasures": Right("read_customers"),
    # People, roles and programs.
    "GET /admin/api/staff": Right("read_staff"),
    "POST /admin/api/staff": Right("write_staff", is_fresh=True),
    "PATCH /admin/api/staff/{person_id}": Right("write_staff", is_fresh=True),
    "POST /admin/api/staff/{person_id}/invitation": Right("write_staff", is_fresh=True),
    "GET /admin/api/roles": Right("read_staff"),
    "PUT /admin/api/roles/{role_id}": Right("write_staff", is_fresh=True),
    "DELETE /admin/api/roles/{role_id}": Right("write_staff", is_fresh=True),
    "GET /admin/api/tokens": Right("read_staff"),
    "POST /admin/api/tokens": Right("write_staff", is_fresh=True),
    "DELETE /admin/api/tokens/{token_id}": Right("write_staff"),
    "GET /admin/api/actions": Right("read_staff"),
    "GET /admin/api/approvals": Right("read_payments"),
    "POST /admin/api/approvals/{approval_id}/approve": Right("write_payments", is_fresh=True, is_of_person=True),
    "POST /admin/api/approvals/{approval_id}/refuse": Right("write_payments", is_of_person=True),
    # One's own.
    "GET /admin/api/me": SELF,
    "GET /admin/api/me/views": SELF,
    "PUT /admin/api/me/views": SELF,
    "PUT /admin/api/me/password": OWN,
    "POST /admin/api/me/totp": OWN,
    "PUT /admin/api/me/totp": OWN,
    "GET /admin/api/me/passkeys": SELF,
    "POST /admin/api/me/passkeys/options": OWN,
    "POST /admin/api/me/passkeys": OWN,
    "DELETE /admin/api/me/passkeys/{passkey_id}": OWN,
    "GET /admin/api/me/sessions": SELF,
    "DELETE /admin/api/me/sessions": SELF,
    "DELETE /admin/api/me/sessions/{session_id}": SELF,
    "DELETE /admin/api/sessions": SELF,
    # To sign in.
    "POST /admin/api/sessions": OPEN,
    "POST /admin/api/sessions/passkey": OPEN,
    "POST /admin/api/sessions/passkey/options": OPEN,
    "POST /admin/api/invitations": OPEN,
    "PUT /admin/api/invitations": OPEN,
}


def right_of(method: object, template: str) -> Right | None:
    """Return what a route asks for; None if it is not in the table: then nobody may."""
    return RIGHTS.get(f"{'GET' if method in ('GET', 'HEAD') else method} {template}")
