"""Codes of refusals: each with its HTTP status and its meaning, for the API's description.

A route names the codes of its own in its decorator (`refuses=[...]`); those of the layers around it are added by
gateway/openapi.py.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple


class Refusal(NamedTuple):
    """The HTTP status of a code, and its meaning."""

    status: int
    meaning: str


CODES: Final[Mapping[str, Refusal]] = {
    "bad_json": Refusal(400, "The body is missing, or no JSON."),
    "bad_request": Refusal(400, "It is no HTTP request, or has not one Host header."),
    "bad_event": Refusal(400, "The event can't be read."),
    "bad_signature": Refusal(400, "The signature does not fit, or its time is too far off."),
    "idempotency_key_required": Refusal(400, "The header Idempotency-Key is missing."),
    "moved": Refusal(301, "It has another address now: `Location`."),
    "bad_code": Refusal(401, "The code or token is wrong, too old, used, or was tried too often."),
    "bad_credentials": Refusal(401, "What was shown opens no account."),
    "second_factor_required": Refusal(401, "A second factor is needed: its code, or first to set one up."),
    "unauthorized": Refusal(401, "There is no valid token, or no session."),
    "forbidden": Refusal(403, "The role or token lacks the key `key`."),
    "foreign_origin": Refusal(403, "A page of another site has sent this."),
    "fresh_login_required": Refusal(403, "This needs a sign-in of the last minutes."),
    "lacks_rights": Refusal(403, "Nobody gives what they lack: `keys`; none if only owners may."),
    "not_own": Refusal(403, "Somebody else has written it."),
    "not_found": Refusal(404, "It does not exist, or the caller may not see it."),
    "already_decided": Refusal(409, "It was decided about, or has expired. `state` says which."),
    "last_owner": Refusal(409, "The shop would have no owner any more."),
    "approval_needed": Refusal(409, "It gives back more money than one person may: it waits for a second one."),
    "on_hold": Refusal(409, "A court or an authority asks to keep this person: nothing is forgotten yet."),
    "own_request": Refusal(
        409, "Who has asked for it can't approve it, nor who has invited or raised them, or been so."
    ),
    "person_exists": Refusal(409, "The address is that of a person who works here."),
    "role_in_use": Refusal(409, "People have this role."),
    "too_many_roles": Refusal(409, "There are as many roles as there may be."),
    "too_many_tokens": Refusal(409, "There are as many valid tokens as there may be."),
    "unknown_sku": Refusal(404, "There is no such SKU. `similar` may name one."),
    "request_timeout": Refusal(408, "The request did not arrive in time."),
    "answer_lost": Refusal(409, "This was done before, and its answer can't be read any more."),
    "attribute_exists": Refusal(409, "Another attribute has this key."),
    "cart_empty": Refusal(409, "There is nothing in the cart."),
    "category_in_use": Refusal(409, "It has `products`, or other categories `below` it."),
    "idempotency_in_progress": Refusal(409, "A request with this key is being done. Retry after `Retry-After`."),
    "in_use": Refusal(409, "Products have it: `products` names some of them, `detail` says what."),
    "last_sku": Refusal(409, "It is the last SKU of its product."),
    "money_in_doubt": Refusal(409, "The order's money is disputed or refunded; `doubts` says how."),
    "no_own_stock": Refusal(409, "It is a bundle: its stock is that of its parts."),
    "no_bucket": Refusal(409, "The shop has no bucket that could take it."),
    "no_shipping_method": Refusal(409, "The shop has no shipping prices in this currency."),
    "not_changeable": Refusal(409, "The order is packed, cancelled or gone. `order_status` is its status."),
    "not_claimable": Refusal(409, "The order was bought with another address, or is in another account."),
    "not_cancellable": Refusal(409, "The order is packed, or has left. `order_status` is its status."),
    "not_complete": Refusal(409, "The product lacks attributes that its type requires: `missing`."),
    "not_paid": Refusal(409, "The order is not paid."),
    "not_payable": Refusal(409, "The order is paid, was cancelled, or costs nothing."),
    "not_refundable": Refusal(409, "Less is left to refund: `refundable`."),
    "not_undoable": Refusal(409, "The import is not done, was a dry run, or was undone before. `state` is its state."),
    "not_sold": Refusal(409, "A line of the cart is no longer sold."),
    "out_of_stock": Refusal(409, "Too few units are left: `available` of `sku`, or `short` with one entry per line."),
    "part_of_bundle": Refusal(409, "The SKU `sku` is part of `bundles`."),
    "path_taken": Refusal(409, "The path or slug is that of another: `by`."),
    "price_changed": Refusal(409, "The total is not the `expected` one, but `total`. Nothing was ordered."),
    "product_exists": Refusal(409, "The id, the slug or a SKU is taken."),
    "settled": Refusal(409, "Stripe's state of the order is final."),
    "sku_in_use": Refusal(409, "Units are `on_hand`, `assigned` or `held` under `sku`."),
    "stock_below_held": Refusal(409, "More units are promised than were counted: `assigned` and `held`."),
    "stock_moved": Refusal(409, "Units moved since `version` was read; `on_hand` and `version` are those of now."),
    "undo_conflict": Refusal(409, "Fields of the change were changed again since: `fields`."),
    "too_many_addresses": Refusal(409, "There are as many addresses as one may have."),
    "too_many_notes": Refusal(409, "There are as many notes as an order may have."),
    "too_many_passkeys": Refusal(409, "There are as many passkeys as one may have, or this is one of them."),
    "too_many_images": Refusal(409, "The product has as many pictures as one may have."),
    "too_many_uploads": Refusal(409, "Too many announced pictures are not completed."),
    "upload_missing": Refusal(409, "What was announced was not sent, or not all of it."),
    "type_exists": Refusal(409, "Another type of products has this id."),
    "taken": Refusal(409, "Somebody else has the pick list in hand, since `since`."),
    "wrong_step": Refusal(409, "The pick list is not ready for this. `pick_list_status` is its status."),
    "gone": Refusal(410, "It was there, and is no more."),
    "changed_meanwhile": Refusal(412, "It is not as `If-Match` says: `changes` lists what has happened since."),
    "body_too_large": Refusal(413, "The body is too large."),
    "unsupported_media_type": Refusal(415, "The body is no JSON."),
    "amount_too_large": Refusal(422, "The total is more than one payment can be."),
    "bad_passkey": Refusal(422, "The passkey fits no challenge, or proves nothing."),
    "weak_password": Refusal(422, "The password is easily guessed: `reason` is a word for why."),
    "idempotency_mismatch": Refusal(422, "The key was used with another body."),
    "invalid": Refusal(422, "A value does not fit, or is unknown; `field` names it, if one is at fault."),
    "image_refused": Refusal(422, "The file is no picture that can be shown. `reason` is a word for why."),
    "passkey_refused": Refusal(422, "The passkey fits no challenge, or does not verify its user."),
    "password_refused": Refusal(422, "The password is easily guessed: `reason` is a word for why."),
    "unknown_role": Refusal(422, "There is no such role."),
    "wrong_code": Refusal(422, "It is not the code of now."),
    "too_many_skus": Refusal(422, "More SKUs than a client may watch."),
    "precondition_required": Refusal(428, "The header If-Match is missing."),
    "too_many_requests": Refusal(429, "More than one client may take, see docs/limits.md. Retry after `Retry-After`."),
    "headers_too_large": Refusal(431, "The head is too large, or has too many headers."),
    "internal_error": Refusal(500, "A bug of the shop; it has been logged."),
    "payment_unavailable": Refusal(502, "Stripe takes no payment now. Nothing was ordered or charged."),
    "busy": Refusal(503, "Too many streams are open. Retry after `Retry-After`."),
    "unavailable": Refusal(503, "A service behind the shop is busy or away. Retry after `Retry-After`."),
}
