"""The shop's words: one sentence for each code that may reach a person, in pages, mails and on the command line.

Codes are for programs and never change; a sentence may. `tests/bus/test_words.py` finds the codes in the code, and asks
for a sentence of each. What timelines say beside the names of events is read by moments.py.
"""

import re
from collections.abc import Mapping
from typing import Final

STATUSES: Final[Mapping[str, str]] = {
    "pending_payment": "Waiting for payment",
    "payment_processing": "Waiting for your bank",
    "paid": "Paid",
    "picking": "Being picked",
    "packed": "Packed",
    "shipped": "Handed to the carrier",
    "in_transit": "On its way",
    "delivered": "Delivered",
    "cancelled": "Cancelled",
}

# Of an order's timeline.
EVENTS: Final[Mapping[str, str]] = {
    "OrderCreated": "Order placed",
    "PaymentReceived": "Payment received",
    "OrderSettled": "Nothing to pay",
    "PaymentDeclined": "Payment declined",
    "PaymentProcessing": "Your bank has been asked",
    "PaymentFailed": "Your bank did not pay",
    "PaymentCameLate": "Payment received late",
    "FurtherPaymentReceived": "A further payment received",
    "UnitsRetaken": "Back in work",
    "UnitsGone": "Sold out meanwhile",
    "PickingStarted": "Picking started",
    "OrderFulfilled": "Packed",
    "OrderShipped": "Handed to the carrier",
    "ParcelMoved": "Parcel moved",
    "OrderDelivered": "Delivered",
    "OrderCancelled": "Cancelled",
    "RefundProcessed": "Money sent back",
    "RefundFailed": "Money came back to us",
    "RefundsCorrected": "Refunds corrected",
    # For staff only.
    "FullyRefunded": "Fully refunded",
    "DisputeOpened": "Disputed at the bank",
    "DisputeClosed": "Dispute decided",
    "DisputeFundsMoved": "Disputed money moved",
    "FraudWarned": "Warned of fraud",
    "DoneByStaff": "Done by staff",
    "BuyerCorrected": "Buyer corrected",
}

CANCELLED: Final[Mapping[str, str]] = {
    "payment_timeout": "No payment came in time.",
    "payment_declined": "Too many attempts to pay were declined.",
    "customer": "You called it off.",
    "staff": "The shop called it off.",
    "out_of_stock": "The items had been sold to somebody else before the payment came.",
    "refunded": "All of your money was given back.",
}

PARCELS: Final[Mapping[str, str]] = {
    "picked_up": "Picked up by the carrier",
    "in_transit": "On its way",
    "out_for_delivery": "Out for delivery",
    "delivered": "Delivered",
    "exception": "Held up",
}

DECLINED: Final = "Your bank did not take this payment."
# Reasons that a buyer can do something about; whoever pays with a stolen card is told no more than others.
# Source: Stripe, "Decline codes".
DECLINES: Final[Mapping[str, str]] = {
    "There is not enough money in this account.": "insufficient_funds card_velocity_exceeded "
    "withdrawal_count_limit_exceeded",
    "The card has expired.": "expired_card invalid_expiry_month invalid_expiry_year",
    "The card's number is not right.": "incorrect_number invalid_number invalid_account",
    "The card's security code is not right.": "incorrect_cvc invalid_cvc",
    "The PIN is not right.": "incorrect_pin invalid_pin offline_pin_required online_or_offline_pin_required "
    "pin_try_exceeded",
    "The address is not the one that the bank knows.": "incorrect_zip incorrect_address",
    "The card can't be used for this payment.": "card_not_supported currency_not_supported service_not_allowed "
    "transaction_not_allowed not_permitted restricted_card",
    "The bank asks for your approval.": "authentication_required authentication_not_handled "
    "payment_intent_authentication_failure mobile_device_authentication_required",
    "The bank could not be reached.": "issuer_not_available processing_error reenter_transaction try_again_later",
    "The same payment was made a moment ago.": "duplicate_transaction",
    "The payment was called off.": "canceled",
    "A test card pays only in a test.": "testmode_decline live_mode_test_card",
}
_BY_CODE: Final = {code: sentence for sentence, codes in DECLINES.items() for code in codes.split()}

# Of answers of the API, blocks of a quote included.
PROBLEMS: Final[Mapping[str, str]] = {
    "already_decided": "This was decided about already.",
    "approval_needed": "This gives back more than one person may. It waits until a second one approves it.",
    "amount_too_large": "This is more than one payment can be. Please make it two orders.",
    "answer_lost": "The answer to this request can't be read any more.",
    "attribute_exists": "There is such an attribute already.",
    "bad_event": "This event can't be read.",
    "bad_json": "The request can't be read.",
    "bad_request": "The request can't be read.",
    "bad_signature": "The signature does not fit.",
    "body_too_large": "The request is too large.",
    "busy": "Too many are watching. Please try again in a moment.",
    "cart_empty": "Your basket is empty.",
    "category_in_use": "This category is in use.",
    "changed_meanwhile": "Somebody else has changed this meanwhile. Please look at it again.",
    "conflict": "Somebody else has just changed this. Please try again.",
    "error": "This can't be done.",
    "forbidden": "This is not allowed.",
    "gone": "This is no longer sold.",
    "headers_too_large": "The request is too large.",
    "idempotency_in_progress": "This is being done already. One moment, please.",
    "idempotency_key_required": "The request lacks its key.",
    "idempotency_mismatch": "This was sent before with other content. Please reload the page.",
    "in_use": "Products still use this.",
    "internal_error": "The shop made a mistake. Please try again.",
    "invalid": "Something that was entered is not right.",
    "invalid_address": "The address is not right.",
    "lacks_rights": "Nobody gives others more than they may themselves.",
    "last_owner": "The shop needs an owner.",
    "last_sku": "A product needs at least one article.",
    "method_not_allowed": "This can't be done here.",
    "money_in_doubt": "The order's money is in doubt.",
    "moved": "This is at another address now.",
    "image_refused": "This is no picture that can be shown.",
    "no_bucket": "Pictures can't be sent past the shop here.",
    "no_shipping_method": "There is no way to ship this at the moment.",
    "not_changeable": "It is too late to correct: the order is packed, or cancelled.",
    "not_own": "Somebody else has written this.",
    "too_many_notes": "There are too many notes already.",
    "not_cancellable": "It is too late to cancel: the order is packed.",
    "not_complete": "Some of what this kind of product should say is missing.",
    "not_found": "This is not here, or not for you to see.",
    "not_paid": "The order is not paid.",
    "not_payable": "There is nothing to pay for this order any more.",
    "not_refundable": "So much is not left to refund.",
    "not_sold": "An article in your basket is no longer sold.",
    "not_undoable": "This import can't be undone.",
    "on_hold": "This person may not be forgotten yet.",
    "own_request": "Somebody else must approve what you have asked for.",
    "passkey_refused": "This passkey can't be used here.",
    "password_refused": "Please choose another password.",
    "person_exists": "This address is that of a person who works here.",
    "role_in_use": "People have this role.",
    "second_factor_required": "A second factor is needed.",
    "too_many_roles": "There are as many roles as there may be.",
    "too_many_tokens": "There are as many tokens as there may be.",
    "unknown_role": "There is no such role.",
    "wrong_code": "This is not the code of now.",
    "out_of_stock": "There is not so much left.",
    "path_taken": "Another has this address already.",
    "payment_unavailable": "No payment can be taken at the moment. Nothing was ordered, and nothing is charged.",
    "precondition_required": "Please read this first, and then change it.",
    "price_changed": "A price has changed. Please look at the new total, and order again.",
    "product_exists": "A product with this name is there already.",
    "request_timeout": "The request came too slowly. Please try again.",
    "settled": "What Stripe says about this order is final.",
    "part_of_bundle": "Bundles need this article.",
    "no_own_stock": "A bundle has the stock of its parts.",
    "sku_in_use": "Units of this article are still in use.",
    "stock_below_held": "More units are promised than were counted.",
    "stock_moved": "Units have moved since you looked.",
    "too_many_requests": "That was too fast. Please try again in a moment.",
    "too_many_skus": "So many articles can't be watched at once.",
    "type_exists": "There is such a kind of product already.",
    "unauthorized": "Please sign in.",
    "unavailable": "The shop is very busy. Please try again in a moment.",
    "undo_conflict": "This was changed again since. Please undo that first.",
    "unknown_code": "This code is not known.",
    "unknown_shipping_method": "Parcels don't travel like this any more. Please choose another way.",
    "unknown_sku": "This article is not sold here, or no longer.",
    "unsupported_media_type": "The request is not in a form that can be read.",
    "too_many_images": "The product has as many pictures as it may have.",
    "too_many_uploads": "Too many pictures are on their way already.",
    "upload_missing": "The picture has not arrived.",
    "bad_code": "This code is not right, or its time is over. Please ask for a new one.",
    "bad_credentials": "E-mail address or password are not right.",
    "bad_passkey": "This passkey does not fit. Please try again.",
    "foreign_origin": "This was sent by a page of another site.",
    "fresh_login_required": "Please sign in once more for this.",
    "not_claimable": "This order belongs to another address or account.",
    "too_many_addresses": "There are as many addresses as there may be.",
    "too_many_passkeys": "There are as many passkeys as there may be.",
    "weak_password": "This password is easily guessed. Please choose another.",
    "taken": "A colleague has this list in hand.",
    "wrong_step": "This is not the step that comes next.",
}

MOVEMENTS: Final[Mapping[str, str]] = {
    "cart": "Put into a basket, or taken out",
    "checkout": "A checkout began",
    "counted": "Counted",
    "expired": "Set aside long enough: back on the shelf",
    "import undone": "An import was undone",
    "imported": "Counted by an import",
    "received": "Received",
    "recounted": "Counted anew, because the history did not add up",
    "released": "Given back",
    "renamed": "The SKU was renamed",
    "repaired": "Repaired by the audit",
    "returned": "The order was called off",
    "shipped": "The parcel left",
    "shipped units are gone": "Parcels had left before this was counted",
    "sold": "Sold",
    "sold late": "Sold: the money came late",
    "sold units are counted": "Sold units are counted since then",
}


def status(code: str) -> str:
    """Write an order's status; an unknown one, of a later version, as well as its name allows."""
    return STATUSES.get(code) or _apart(code)


def event(name: str) -> str:
    """Write the name of a timeline's entry."""
    return EVENTS.get(name) or _apart(name)


def parcel(code: str) -> str:
    """Write a carrier's status. Carriers have more of them than the shop knows."""
    return PARCELS.get(code) or _apart(code)


def declined(code: str) -> str:
    """Write why a bank did not pay. Banks rarely say, and then in codes that tell a buyer nothing."""
    return _BY_CODE.get(code, DECLINED)


def problem(code: str) -> str:
    """Write the sentence of an error's code."""
    return PROBLEMS.get(code) or f"{_apart(code)}."


def _apart(name: str) -> str:
    """Make words of a name: `OutForDelivery` and `out_for_delivery` are "Out for delivery"."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|[._-]+", " ", name).lower()
    return words[:1].upper() + words[1:]
