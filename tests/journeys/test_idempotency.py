"""The same request twice is one thing done, and one answer, whatever happened in between."""

from contextlib import suppress
from datetime import timedelta

import aiohttp
import pytest

from bus.messages.idempotency import Claimed, ClaimKey, GiveBackKey, InProgress, KeepAnswer
from engine.envelope import Envelope
from engine.errors import Overloaded
from sandbox.core.faults import Fault, WebhookFault
from testkit import ShopUnderTest
from tests.journeys.people import (
    Customer,
    Staff,
    at_once,
    forget_answers,
    mails_of,
    new_key,
    purchase,
    sql,
    staff_token,
)

LEASE = timedelta(seconds=10)  # How long a claim is respected. See actors/idempotency/rules.py.


async def test_a_double_click_on_checkout_is_one_order_with_one_answer(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    cart, key = await buyer.fill_cart(MUG=2), new_key()

    answers = await at_once(*(buyer.check_out(cart, key=key) for _ in range(5)))
    shop.clock.jump(timedelta(hours=1))
    later = await buyer.check_out(cart, key=key)

    assert {answer.status for answer in (*answers, later)} == {201}
    assert len({answer.body for answer in (*answers, later)}) == 1
    assert later.headers["Idempotent-Replayed"] == "true"
    assert later.headers["Content-Type"] == answers[0].headers["Content-Type"]
    await shop.settle()
    assert len((await staff.get("/admin/api/orders")).good["items"]) == 1
    assert len(shop.sandbox.payment_intents()) == 1
    assert await staff.stock("MUG") == (10, 2)
    assert mails_of(shop) == ["order_created"]
    assert await buyer.pay(purchase(cart, key, later)) == 200  # The answer that was kept is as good as the first.


async def test_an_answer_that_can_not_be_kept_is_not_given_and_the_next_try_finishes_the_same_order(
    shop: ShopUnderTest, buyer: Customer, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    cart, key = await buyer.fill_cart(MUG=2), new_key()
    mailbox = shop.inside.bus.supervisor.cells["idempotency"].mailbox
    put = mailbox.put

    def refuse_answers(envelope: Envelope) -> None:
        if isinstance(envelope.message, KeepAnswer):
            raise Overloaded("idempotency")
        put(envelope)

    with monkeypatch.context() as patch:
        patch.setattr(mailbox, "put", refuse_answers)
        lost = await buyer.check_out(cart, key=key)
    shop.clock.jump(LEASE)
    again = await buyer.check_out(cart, key=key)

    assert (lost.status, lost.headers["Retry-After"]) == (503, "1")
    assert again.status == 201
    assert len((await staff.get("/admin/api/orders")).good["items"]) == 1
    assert len(shop.sandbox.payment_intents()) == 1


async def test_a_key_is_for_one_body(buyer: Customer, staff: Staff) -> None:
    cart, key = await buyer.fill_cart(MUG=1), new_key()
    bought = await buyer.place(cart, key=key)

    other = await buyer.check_out(cart, key=key, name="Eve")
    assert other.refusal == (422, "idempotency_mismatch")

    assert purchase(cart, key, await buyer.check_out(cart, key=key)) == bought
    assert len((await staff.get("/admin/api/orders")).good["items"]) == 1


async def test_one_key_on_two_carts_is_two_orders(buyer: Customer) -> None:
    key = new_key()

    one = await buyer.place(await buyer.fill_cart(MUG=1), key=key)
    two = await buyer.place(await buyer.fill_cart(MUG=1), key=key)

    assert one.order != two.order


async def test_a_key_is_good_again_after_a_refusal(buyer: Customer, staff: Staff) -> None:
    key, cart = new_key(), await buyer.new_cart()
    assert (await buyer.check_out(cart, key=key)).refusal == (409, "cart_empty")
    assert (await buyer.check_out(cart, key=key, name="")).refusal == (422, "invalid")

    _ = (await buyer.put(cart, "MUG", 1)).good

    bought = await buyer.place(cart, key=key, name="Somebody else")
    assert await buyer.status(bought) == "pending_payment"
    assert len((await staff.get("/admin/api/orders")).good["items"]) == 1


async def test_a_checkout_whose_process_died_is_finished_by_the_next_try(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.place(await buyer.fill_cart(MUG=2), key=new_key())
    (token,) = await forget_answers(shop)
    assert token in bought.order

    waiting = await buyer.check_out(bought.cart, key=bought.key)
    assert waiting.refusal == (409, "idempotency_in_progress")
    assert waiting.headers["Retry-After"] == "1"
    shop.clock.jump(LEASE)

    assert purchase(bought.cart, bought.key, await buyer.check_out(bought.cart, key=bought.key)) == bought
    await shop.settle()
    assert len(shop.sandbox.payment_intents()) == 1
    assert await staff.stock("MUG") == (10, 2)
    assert mails_of(shop) == ["order_created"]
    assert await staff.findings() == []


async def test_a_checkout_whose_order_was_called_off_meanwhile_is_not_offered_for_payment_again(
    shop: ShopUnderTest, buyer: Customer
) -> None:
    """Nobody would hear of the money, once Stripe has forgotten the key: it would be another intent."""
    bought = await buyer.place(await buyer.fill_cart(MUG=2), key=new_key())
    await forget_answers(shop, ago=LEASE)
    _ = (await buyer.cancel(bought)).good
    shop.clock.jump(timedelta(hours=25))

    assert (await buyer.check_out(bought.cart, key=bought.key)).refusal == (422, "invalid")
    assert len(shop.sandbox.payment_intents()) == 1


async def test_a_checkout_repeated_with_another_cart_does_not_change_what_late_money_buys(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.place(await buyer.fill_cart(LAMP=1), key=new_key())
    await forget_answers(shop, ago=LEASE)
    shop.sandbox.faults.webhooks = WebhookFault(hold=True)
    assert await buyer.confirm(bought) == 200
    with shop.faults.stripe(down=True):  # Else it would be asked, and say that it has the money.
        await shop.clock.advance(minutes=31)
    _ = (await buyer.put(bought.cart, "MUG", 2)).good

    assert (await buyer.check_out(bought.cart, key=bought.key)).refusal == (422, "invalid")
    await shop.settle()

    assert await buyer.status(bought) == "paid"
    assert await staff.stock("LAMP") == (0, 0)
    assert (await staff.stock("MUG"))[0] == 10


async def test_a_try_that_comes_late_does_not_give_back_what_another_has_taken_over(shop: ShopUnderTest) -> None:
    first = await shop.ask(ClaimKey(key="k", body_hash="b"))
    shop.clock.jump(LEASE)
    second = await shop.ask(ClaimKey(key="k", body_hash="b"))
    assert isinstance(first, Claimed)
    assert isinstance(second, Claimed)
    assert first.token == second.token

    await shop.ask(GiveBackKey(key="k", at=first.at))
    assert isinstance(await shop.ask(ClaimKey(key="k", body_hash="b")), InProgress)
    await shop.ask(GiveBackKey(key="k", at=second.at))
    assert isinstance(await shop.ask(ClaimKey(key="k", body_hash="b")), Claimed)


async def test_a_refund_is_given_once_per_key(shop: ShopUnderTest, buyer: Customer, staff: Staff) -> None:
    bought = await buyer.buy(MUG=1)
    path, key = f"/admin/api/orders/{bought.order}/refunds", new_key()

    answers = await at_once(*(staff.ask("POST", path, {"amount": 100}, key=key) for _ in range(5)))
    assert {answer.status for answer in answers} == {201}
    assert len({answer.body for answer in answers}) == 1
    assert (await staff.refund(bought, 101, key=key)).refusal == (422, "idempotency_mismatch")

    await forget_answers(shop)
    shop.clock.jump(LEASE)
    again = await staff.refund(bought, 100, key=key)

    assert again.good["id"] == answers[0].good["id"]
    assert [refund.amount for refund in shop.sandbox.refunds()] == [100]
    assert (await staff.refund(bought, 100)).good["id"] != again.good["id"]  # Another key is another refund.
    assert (await buyer.read(bought))["refunded"]["amount"] == 200
    assert await staff.findings() == []


async def test_a_checkout_that_failed_halfway_is_finished_under_its_key(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    cart, key = await buyer.fill_cart(LAMP=1), new_key()  # The only one there is.
    shop.sandbox.faults.stripe = Fault(action="fail")
    assert (await shop.patiently(buyer.check_out(cart, key=key))).refusal == (503, "unavailable")
    assert (await shop.patiently(buyer.check_out(cart, key=key))).refusal == (503, "unavailable")
    shop.sandbox.faults.reset()

    _ = await shop.patiently(buyer.place(cart, key=key))  # Stripe is asked again when it was left alone for a while.

    assert len((await staff.get("/admin/api/orders")).good["items"]) == 1
    assert await staff.stock("LAMP") == (1, 1)
    assert mails_of(shop) == ["order_created"]


async def test_what_came_into_the_cart_after_the_first_try_is_not_lost(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    cart, key = await buyer.fill_cart(MUG=1), new_key()
    shop.sandbox.faults.stripe = Fault(action="fail")
    assert (await shop.patiently(buyer.check_out(cart, key=key))).refusal == (503, "unavailable")
    shop.sandbox.faults.reset()
    _ = (await buyer.put(cart, "BOOK", 2)).good

    bought = await buyer.place(cart, key=key)

    # No order was placed then, as there was no payment: it is the cart of now that is bought.
    assert [line["sku"] for line in (await buyer.read(bought))["lines"]] == ["MUG", "BOOK"]
    assert (await buyer.get(f"/carts/{cart}")).good["lines"] == []
    assert [await staff.stock(sku) for sku in ("MUG", "BOOK")] == [(10, 1), (100, 2)]
    assert len((await staff.get("/admin/api/orders")).good["items"]) == 1
    assert await buyer.pay(bought) == 200
    assert await staff.findings() == []


async def test_what_came_into_the_cart_after_its_order_was_placed_stays_there(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    cart, key = await buyer.fill_cart(MUG=1), new_key()
    async with shop.kill_at("checkout-placed"):
        with suppress(aiohttp.ClientError):
            await buyer.check_out(cart, key=key)
    shop.clock.jump(LEASE)
    _ = (await buyer.put(cart, "BOOK", 2)).good

    bought = await buyer.place(cart, key=key)

    assert [line["sku"] for line in (await buyer.read(bought))["lines"]] == ["MUG"]  # As it was placed then.
    (line,) = (await buyer.get(f"/carts/{cart}")).good["lines"]
    assert (line["sku"], line["held"]) == ("BOOK", 2)
    assert [await staff.stock(sku) for sku in ("MUG", "BOOK")] == [(10, 1), (100, 2)]
    _ = await buyer.place(cart, key=new_key())
    assert await staff.findings() == []


async def test_a_sum_that_changed_after_stripe_was_asked_is_reported_and_the_key_may_be_used_again(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    """One checkout has one intent: nobody is charged another sum than the order says."""
    cart, key = await buyer.fill_cart(LAMP=1), new_key()
    async with shop.kill_at("checkout-payable"):
        with suppress(aiohttp.ClientError):
            await buyer.check_out(cart, key=key)
    shop.clock.jump(LEASE)
    _ = (await buyer.put(cart, "BOOK", 2)).good

    changed = await buyer.check_out(cart, key=key)
    assert changed.refusal == (409, "price_changed")
    assert (changed.json["expected"]["amount"], changed.json["total"]["amount"]) == (5900 + 490, 5900 + 2400)
    assert (await staff.get("/admin/api/orders")).good["items"] == []
    assert await staff.stock("LAMP") == (1, 0)

    bought = await buyer.place(cart, key=key)
    assert bought.total == 5900 + 2400
    assert await buyer.pay(bought) == 200
    assert [charge.amount for charge in shop.sandbox.charges()] == [bought.total]
    assert await staff.stock("LAMP") == (0, 0)


async def test_a_key_that_stripe_knows_for_another_sum_makes_no_second_intent(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    cart, key = await buyer.fill_cart(MUG=1), new_key()
    shop.sandbox.faults.stripe = Fault(
        action="drop", after_work=True
    )  # Its answer is lost: only Stripe has the intent.
    assert (await shop.patiently(buyer.check_out(cart, key=key))).refusal == (503, "unavailable")
    shop.sandbox.faults.reset()
    _ = (await buyer.put(cart, "MUG", 2)).good

    assert (await shop.patiently(buyer.check_out(cart, key=key))).refusal == (409, "price_changed")
    assert len(shop.sandbox.payment_intents()) == 1
    bought = await buyer.place(cart, key=key)
    assert bought.total == 2 * 1450 + 490
    assert await staff.stock("MUG") == (10, 2)


async def test_an_intent_that_was_cancelled_for_want_of_an_order_is_not_ordered_upon(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    cart, key = await buyer.fill_cart(LAMP=1), new_key()
    async with shop.kill_at("checkout-payable"):
        with suppress(aiohttp.ClientError):
            await buyer.check_out(cart, key=key)
    (intent,) = shop.sandbox.payment_intents()
    shop.clock.jump(LEASE)
    await sql(shop, "update payment.payments set status = 'closing'")  # As whoever looks after what nobody came for.

    assert (await buyer.check_out(cart, key=key)).refusal == (422, "invalid")
    await shop.settle()
    assert [each.status for each in shop.sandbox.payment_intents()] == ["canceled"]

    bought = await buyer.place(cart, key=key)
    assert bought.intent != intent.id
    assert await buyer.pay(bought) == 200
    assert await staff.stock("LAMP") == (0, 0)


async def test_other_unsafe_requests_take_a_key_too(buyer: Customer) -> None:
    key = new_key()

    carts = [(await buyer.ask("POST", "/carts", key=key)).good["id"] for _ in range(2)]
    other = (await buyer.ask("POST", "/carts", key=new_key())).good["id"]

    assert carts[0] == carts[1] != other


async def test_strangers_with_one_key_do_not_get_one_cart(shop: ShopUnderTest) -> None:
    """Whoever has the id of a cart has the cart. What tells strangers apart is where they are, and their browsers."""
    key, carts = "1", []
    for address, browser in (("127.0.0.1", "A"), ("127.0.0.2", "A"), ("127.0.0.2", "B"), ("127.0.0.2", "A")):
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(local_addr=(address, 0))) as http:
            buyer = Customer(shop, http)
            made = await buyer.ask("POST", "/carts", key=key, headers={"User-Agent": browser})
            carts.append(made.good["id"])

    assert len(set(carts[:3])) == 3
    assert carts[1] == carts[3]


async def test_a_buyer_who_repeats_a_request_from_another_network_gets_the_first_answer(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    cart, key = await buyer.fill_cart(MUG=1), new_key()
    bought = await buyer.place(cart, key=key)

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(local_addr=("127.0.0.9", 0))) as http:
        again = await Customer(shop, http).check_out(cart, key=key)

    assert purchase(cart, key, again) == bought
    assert len((await staff.get("/admin/api/orders")).good["items"]) == 1


async def test_a_kept_answer_is_for_those_who_may_ask_still(shop: ShopUnderTest, buyer: Customer, staff: Staff) -> None:
    bought, key = await buyer.buy(MUG=1), new_key()
    path = f"/admin/api/orders/{bought.order}/refunds"
    short = Staff(shop, staff.http, await staff_token(shop, valid_for=timedelta(minutes=5)))
    revoked = Staff(shop, staff.http, await staff_token(shop))
    for each, amount in ((short, 100), (revoked, 200)):
        _ = (await each.ask("POST", path, {"amount": amount}, key=key)).good  # Each has its own answer to this key.

    shop.clock.jump(timedelta(minutes=6))
    await sql(shop, "update staff.tokens set expires_at = created_at where hash = sha256($1)", revoked.token.encode())

    for each, amount in ((short, 100), (revoked, 200)):
        assert (await each.ask("POST", path, {"amount": amount}, key=key)).refusal == (401, "unauthorized")
    assert (await staff.ask("POST", path, {"amount": 100}, key=key)).good["id"]  # Another subject, another refund.
    assert (await buyer.ask("POST", path, {"amount": 100}, key=key)).refusal == (401, "unauthorized")


async def test_a_kept_cancellation_is_for_holders_of_the_orders_token(buyer: Customer) -> None:
    bought, other, key = await buyer.buy(MUG=1), await buyer.buy(MUG=1), new_key()
    path = f"/orders/{bought.order}/cancel"
    first = await buyer.ask("POST", path, token=bought.token, key=key)

    assert (await buyer.ask("POST", path, token=bought.token, key=key)).body == first.body
    assert (await buyer.ask("POST", path, token=other.token, key=key)).refusal == (404, "not_found")
    assert (await buyer.ask("POST", path, token="", key=key)).refusal == (404, "not_found")
