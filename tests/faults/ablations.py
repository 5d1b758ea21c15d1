"""Safeguards that are switched off one at a time, and the scenario that must notice.

A safeguard that no scenario misses is either not tested, or not needed.
"""

import secrets
from collections.abc import Sequence
from typing import Final

import stripe

from actors.cart import rules as cart
from actors.inventory import rules as inventory
from actors.inventory.actor import Inventory
from actors.order import rules as order
from actors.order.actor import Orders
from actors.payment import refunds
from actors.payment import rules as payment
from actors.payment.actor import Payments
from actors.payment.reconciler import Reconciler
from actors.payment.stripe import Stripe
from actors.warehouse import rules as warehouse
from bus.deliveries import Deliveries
from bus.dispatcher import Subscription
from bus.sweeper import Sweeper
from engine.turns import Turns
from tests.faults import replacements
from tests.faults.ablation import Ablation, constraint, patches
from tests.faults.ablation_patches import changed, replaced, reworded, rewritten
from tests.faults.ablations_of_people import OF_PEOPLE
from tests.faults.scenarios import (
    asked_again,
    messages,
    outside_facts,
    two_shops,
    units_and_money,
    wrong_code,
)

ABLATIONS: Final[Sequence[Ablation]] = (
    Ablation(
        "stock: check (assigned + held <= on_hand)",
        "a rule that lets two have the last unit",
        constraint("inventory.stock", "never_oversold"),
        wrong_code.two_want_the_last_unit_and_the_rule_is_wrong,
    ),
    Ablation(
        "stock: check (assigned + held <= on_hand), of a count",
        "a rule that takes a count which leaves out what is sold",
        constraint("inventory.stock", "never_oversold"),
        wrong_code.a_count_is_too_low_and_the_rule_takes_it,
    ),
    Ablation(
        "stock: check (assigned >= 0)",
        "a rule that takes a parcel's units off twice",
        constraint("inventory.stock", "assigned_is_a_count"),
        wrong_code.a_parcel_is_told_of_twice_and_the_rule_takes_its_units_again,
    ),
    Ablation(
        "payments: check (received in (0, amount))",
        "a rule that counts the same money twice",
        constraint("payment.payments", "captured_once"),
        wrong_code.money_is_told_of_twice_and_the_rule_adds_it_up,
    ),
    Ablation(
        "payments: check (refunded <= refunding <= received)",
        "a rule that promises back more than came",
        constraint("payment.payments", "never_refunded_more_than_received"),
        wrong_code.too_much_is_sent_back_and_the_rule_allows_it,
    ),
    Ablation(
        "deliveries: who deletes the row may handle the message",
        "a message that comes twice and counts twice",
        patches(lambda: replaced(Deliveries, "claim", replacements.claim_everything)),
        messages.everything_is_handed_over_again,
    ),
    Ablation(
        "deliveries: stored in the transaction they speak of",
        "an order that nobody heard of, after a crash",
        replacements.events_after_the_commit,
        messages.killed_right_after_the_commit,
    ),
    Ablation(
        "deliveries: swept at the start",
        "the same, with the rows there and nobody to find them",
        patches(lambda: replaced(Sweeper, "_find_waiting", replacements.no_sweep)),
        messages.killed_right_after_the_commit,
    ),
    Ablation(
        "deliveries: nothing overtakes rows that memory does not know",
        "a mail about the money before the one about the order",
        patches(lambda: replaced(Subscription, "fall_behind", lambda _: None)),
        messages.a_mailbox_is_full_for_a_moment,
    ),
    Ablation(
        "mailbox: a lane for each key",
        "the same, when the first message must be tried again",
        patches(replacements.without_lanes),
        messages.a_first_mail_must_be_sent_again,
    ),
    Ablation(
        "deliveries: what comes first of a key is handled first",
        "an order that is paid before it is known, when two processes share a database",
        patches(lambda: reworded("bus.outbox._CLAIM", " where mine = first", "")),
        two_shops.one_shop_hears_of_the_money_while_the_other_hears_of_the_order,
    ),
    Ablation(
        "turns: who asked is answered after the commit",
        "a promise that is not on disk",
        patches(
            lambda: rewritten(
                Turns._commit_with,
                (
                    "_HANDLED.reach(place)",
                    "[e.reply.set_result(a) for e, a in zip(work.live, work.answers) if e.reply]",
                ),
            )
        ),
        messages.killed_right_before_the_commit,
    ),
    Ablation(
        "turns: what failed together is tried apart",
        "a poisonous message that fails its neighbours",
        patches(lambda: replaced(Turns, "_bisect", replacements.all_fail_together)),
        messages.one_of_many_asks_is_poison,
    ),
    Ablation(
        "edge: a request is known by its key",
        "a refund that is given twice to who asked twice",
        patches(lambda: replaced("gateway.idempotency._hash", lambda *_: secrets.token_hex())),
        asked_again.a_request_is_sent_twice,
    ),
    Ablation(
        "edge: who takes a request over has its token",
        "a second order after a crash in the middle of the first",
        patches(lambda: replaced("actors.idempotency.rules.take_over", replacements.take_over_under_another_token)),
        asked_again.a_request_is_taken_over_after_a_crash,
    ),
    Ablation(
        "Stripe: an intent has its order as key",
        "two payments for one order, when an answer is lost",
        patches(replacements.random_key(stripe.PaymentIntentService)),
        asked_again.stripes_answer_to_a_checkout_is_lost,
    ),
    Ablation(
        "Stripe: a refund has a key",
        "money that goes back twice, when an answer is lost",
        patches(replacements.random_key(stripe.RefundService)),
        asked_again.stripes_answer_to_a_refund_is_lost,
    ),
    Ablation(
        "payments: a refund is known by its id",
        "money that goes back twice, when it is asked for again",
        patches(replacements.no_refund_is_known),
        asked_again.a_refund_is_asked_for_twice,
    ),
    Ablation(
        "payments: a webhook is stored once",
        "a buyer's history that tells of two tries where there was one",
        patches(replacements.every_webhook_is_new),
        messages.a_webhook_comes_three_times,
    ),
    Ablation(
        "payments: a cancelled order's intent is cancelled",
        "a card that is charged for an order that is over",
        patches(lambda: replaced(Stripe, "cancel_intent", replacements.leave_the_intent)),
        units_and_money.nobody_pays,
    ),
    Ablation(
        "carrier: a booking has its order as key",
        "two parcels for one order, when an answer is lost",
        patches(replacements.carrier_without_key),
        asked_again.the_carriers_answer_is_lost,
    ),
    Ablation(
        "mail: its Message-ID is made of event and template",
        "a mail that comes again and looks like another",
        patches(lambda: replaced("actors.email.rules.message_id", replacements.any_message_id)),
        asked_again.the_mail_servers_answer_is_lost,
    ),
    Ablation(
        "orders: the table of their life",
        "a lamp that is sold twice, when cancelled orders can be paid",
        patches(replacements.cancelled_orders_can_be_paid),
        units_and_money.money_comes_late_for_units_that_are_gone,
    ),
    Ablation(
        "orders: late money is decided upon",
        "money that is kept for nothing",
        patches(replacements.late_money_is_ignored),
        units_and_money.money_comes_late_for_units_that_are_gone,
    ),
    Ablation(
        "orders: all money goes back once",
        "a refund that is asked for twice (the payment's own bound would refuse it)",
        patches(
            lambda: rewritten(order.units_gone, (" and not order.refund_requested", "")),
            lambda: rewritten(order._send_money_back, ("if not order.refund_requested:", "if True:")),
        ),
        units_and_money.units_are_found_gone_after_a_cancellation,
    ),
    Ablation(
        "orders: a timer ends those that nobody pays",
        "units that nobody buys and nobody can have",
        patches(
            lambda: rewritten(Orders._announce, ("tx.schedule(", "str("), (", tx.now + self._payment_window)", ")"))
        ),
        units_and_money.nobody_pays,
    ),
    Ablation(
        "warehouse: a parcel goes once its order has confirmed it",
        "a parcel for an order that was called off meanwhile",
        patches(lambda: rewritten(warehouse.take, ('if step == "ship" and state.confirmed:', 'if step == "ship":'))),
        units_and_money.called_off_while_it_is_packed,
    ),
    Ablation(
        "inventory: one's own hold is not in one's way",
        "a buyer who is refused what is theirs",
        patches(lambda: rewritten(inventory._refusal, ("reach = books.available + has", "reach = books.available"))),
        units_and_money.one_sets_the_last_unit_again,
    ),
    Ablation(
        "inventory: a hold that has ended refuses nobody",
        "units that nobody has and nobody gets",
        patches(
            lambda: rewritten(
                Inventory._decide,
                ("if (refused := short(answer, shelf)) and await self._free_expired(tx, refused):", "if False:"),
            )
        ),
        units_and_money.a_hold_has_ended_and_no_timer_has_run,
    ),
    Ablation(
        "inventory: a repeated checkout takes nothing again",
        "units that are held and sold for one order",
        patches(lambda: rewritten(inventory.hold_for_checkout, ("if is_placed or (live", "if False and (live"))),
        asked_again.a_checkout_is_repeated_after_it_was_paid,
    ),
    Ablation(
        "inventory: `for update`",
        "two processes that write over each other's counts",
        patches(lambda: reworded("actors.inventory.store._LOCK_STOCK", " for update", "")),
        two_shops.two_shops_count_the_same_units,
    ),
    Ablation(
        "inventory: SKUs are locked in one order",
        "two processes that wait for each other in a circle",
        patches(lambda: reworded("actors.inventory.store._LOCK_STOCK_OF_ORDERS", "order by sku", "order by random()")),
        two_shops.two_shops_take_the_same_goods,
    ),
    Ablation(
        "payments: a refund that began at Stripe is taken up",
        "money that is back with its buyer, and in the shop's books as well",
        patches(lambda: rewritten(refunds.adopt, ("if not seen.stripe_refund_id:", "if True:"))),
        outside_facts.money_is_given_back_in_the_dashboard,
    ),
    Ablation(
        "payments: where Stripe refuses the whole, the rest goes back",
        "a cancelled order whose buyer waits for the rest",
        patches(lambda: rewritten(refunds.rest_after_refusal, ("if not (is_rest", "if True or not (is_rest"))),
        outside_facts.an_order_is_called_off_that_was_given_back_in_part,
    ),
    Ablation(
        "payments: a charge that was refunded has its refunds looked up",
        "the same as above, where Stripe tells of the charge alone",
        patches(lambda: rewritten(payment._charge_refunded, ("payment.must_list_refunds = True", "pass"))),
        outside_facts.a_refund_is_heard_of_by_its_charge_alone,
    ),
    Ablation(
        "payments: refunds are looked up again once their money is known",
        "a refund that is forgotten, because it was heard of too early",
        patches(lambda: rewritten(Payments.record_refunds_seen, ("tx.schedule(again, ", "str(again) or str("))),
        outside_facts.a_refund_is_heard_of_before_the_money,
    ),
    Ablation(
        "orders: all money given back before packing ends them",
        "a parcel for nothing",
        patches(lambda: rewritten(order.fully_refunded, ('if order.advance("refunded", now):', "if False:"))),
        outside_facts.all_money_goes_back_before_packing,
    ),
    Ablation(
        "warehouse: packing asks while money is in doubt",
        "a parcel for money that a bank has taken",
        patches(lambda: rewritten(warehouse.is_doubtful, ("return bool(state.doubts)", "return False"))),
        outside_facts.a_bank_disputes_what_is_being_picked,
    ),
    Ablation(
        "inventory: no clock ends the hold of a debit",
        "units that somebody else gets while a bank decides",
        patches(lambda: rewritten(inventory.await_bank, ('shelf.advance(hold, "processing")', "str(hold)"))),
        outside_facts.a_bank_takes_six_days,
    ),
    Ablation(
        "orders: no timer ends those whose bank decides",
        "an order that is called off, and paid some days later",
        patches(
            lambda: changed("actors.order.rules.NEXT", ("pending_payment", "processing"), "pending_payment"),
        ),
        outside_facts.a_bank_takes_six_days,
    ),
    Ablation(
        "payments: a debit that fails when its order is over leaves nothing to pay",
        "a card that is charged for an order that was called off",
        patches(lambda: rewritten(payment._failed, ("payment.must_cancel = True", "pass"))),
        outside_facts.a_bank_says_no_when_the_order_is_called_off,
    ),
    Ablation(
        "payments: an intent whose order was never placed is cancelled",
        "a card that is charged for an order that does not exist",
        patches(lambda: replaced(Reconciler, "_unplaced", replacements.all_are_placed)),
        outside_facts.a_checkout_ends_before_its_order_and_nobody_comes_back,
    ),
    Ablation(
        "cart: nothing is charged but what was shown",
        "a buyer who pays a price that they never saw",
        patches(lambda: rewritten(cart.refusal, ("if expected not in (None, total)", "if False"))),
        outside_facts.a_price_changes_before_the_checkout,
    ),
    Ablation(
        "inventory: a parcel takes its units off the books",
        "a shelf on which units are counted that are gone",
        patches(lambda: rewritten(inventory.ship, ('shelf.advance(hold, "shipped")', "str(hold)"))),
        outside_facts.a_parcel_leaves,
    ),
    Ablation(
        "news: the newer version wins",
        "a page that shows what was true before",
        patches(lambda: replaced("gateway.newer_wins._KEEP_NEWER", replacements.ANY_LEVEL)),
        messages.an_older_stock_level_comes_late,
    ),
    *OF_PEOPLE,
)
