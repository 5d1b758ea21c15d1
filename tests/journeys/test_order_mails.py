"""Staff see which mails went out about an order, what they say, and send them again; and trace the order's events."""

import aiohttp

from sandbox.core.faults import Fault
from testkit import ShopUnderTest
from tests.journeys.people import Customer, Json, Purchase, Staff, all_is_well, new_key, staff_token


async def mails(staff: Staff, bought: Purchase) -> list[Json]:
    return list((await staff.get(f"/admin/api/orders/{bought.order}/mails")).good["items"])


async def resend(staff: Staff, bought: Purchase, mail: str, key: str = "") -> Json:
    path = f"/admin/api/orders/{bought.order}/mails/{mail}/resend"
    answer = (await staff.ask("POST", path, key=key or new_key())).good
    await staff.shop.settle()
    return answer


async def test_mails_are_listed_and_say_again_what_they_said(
    shop: ShopUnderTest, buyer: Customer, staff: Staff, http: aiohttp.ClientSession
) -> None:
    bought = await buyer.buy(BOOK=1)
    _ = (await staff.refund(bought, 500)).good
    _ = await buyer.cancel(bought)
    listed = await mails(staff, bought)
    templates = ["order_created", "payment_received", "refund_processed", "order_cancelled", "refund_processed"]
    assert sorted(mail["template"] for mail in listed) == sorted(templates)
    assert {(mail["state"], mail["to"], mail["again"], mail["detail"]) for mail in listed} == {
        ("sent", "ada@example.com", False, "")
    }
    sent = {mail.message_id.strip("<>").partition("@")[0]: mail for mail in shop.mails()}
    assert sent.keys() == {mail["id"] for mail in listed}
    for mail in listed:
        assert mail["subject"] == sent[mail["id"]].subject
        read = (await staff.get(f"/admin/api/orders/{bought.order}/mails/{mail['id']}")).good
        assert "token=ol_" not in read["text"] + read["html"]
        assert "<html" in read["html"]
        if mail["template"] == "order_cancelled":
            assert "You called it off." in read["text"]
        if mail["template"] == "payment_received":
            assert f"{bought.total / 100:.2f}" in read["text"]

    clerk = Staff(shop, http, await staff_token(shop, label="clerk", keys=("read_orders",)))
    assert {mail["to"] for mail in await mails(clerk, bought)} == {None}
    path = f"/admin/api/orders/{bought.order}/mails/{listed[0]['id']}"
    assert (await clerk.get(path)).refusal == (403, "forbidden")
    assert (await clerk.ask("POST", f"{path}/resend", key=new_key())).refusal == (403, "forbidden")
    assert (await staff.get(f"/admin/api/orders/{bought.order}/mails/none")).refusal == (404, "not_found")
    assert (await staff.get("/admin/api/orders/ord_none/mails")).refusal == (404, "not_found")


async def test_a_mail_is_sent_again_once_for_each_key_and_its_link_opens_the_order(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought, key = await buyer.buy(BOOK=1), new_key()
    first = (await mails(staff, bought))[-1]
    for _ in range(2):
        again = await resend(staff, bought, first["id"], key)
    assert (again["template"], again["state"]) == (first["template"], "queued")

    assert len(shop.mails()) == 3
    mail = shop.mails()[-1]
    assert (mail.subject, mail.to) == (first["subject"], ["ada@example.com"])
    assert mail.message_id.strip("<>").partition("@")[0] == again["id"]
    token = mail.text.partition("?token=")[2].split()[0]
    assert (await buyer.get(f"/orders/{bought.order}", token=token)).status == 200
    listed = {each["id"]: each for each in await mails(staff, bought)}
    assert (listed[again["id"]]["again"], listed[again["id"]]["state"]) == (True, "sent")
    await all_is_well(staff)  # The audit counts a mail that was sent again once.


async def test_only_so_many_mails_go_out_again_in_an_hour(shop: ShopUnderTest, buyer: Customer, staff: Staff) -> None:
    bought = await buyer.buy(BOOK=1)
    mail = (await mails(staff, bought))[0]["id"]
    path = f"/admin/api/orders/{bought.order}/mails/{mail}/resend"
    for _ in range(5):
        _ = await resend(staff, bought, mail)
    refused = await staff.ask("POST", path, key=new_key())
    assert (*refused.refusal, 3500 < int(refused.headers["Retry-After"]) <= 3600) == (429, "too_many_requests", True)
    assert len(shop.mails()) == 7
    assert (await staff.ask("POST", path)).refusal == (400, "idempotency_key_required")
    await shop.clock.advance(hours=1)
    _ = await resend(staff, bought, mail)
    assert len(shop.mails()) == 8


async def test_a_mail_that_failed_says_why_and_is_tried_anew(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    shop.sandbox.faults.smtp = Fault(action="fail", status=550, count=1)
    bought = await buyer.buy(BOOK=1)
    failed = next(mail for mail in await mails(staff, bought) if mail["state"] == "failed")
    assert (failed["template"], "550" in failed["detail"]) == ("order_created", True)
    flow = (await staff.get(f"/admin/api/orders/{bought.order}/flow")).good
    assert flow["state"] == "stuck"
    assert [(each["id"], each["actor"]) for each in flow["dead_letters"]] == [(failed["dead_letter"], "email")]

    assert (await resend(staff, bought, failed["id"]))["state"] == "queued"
    assert {mail["state"] for mail in await mails(staff, bought)} == {"sent"}
    await all_is_well(staff)


async def test_what_waits_for_the_mail_server_is_queued(shop: ShopUnderTest, buyer: Customer, staff: Staff) -> None:
    shop.sandbox.faults.smtp = Fault(action="fail", status=451)
    bought = await buyer.buy(BOOK=1)
    assert {mail["state"] for mail in await mails(staff, bought)} == {"queued"}
    flow = (await staff.get(f"/admin/api/orders/{bought.order}/flow")).good
    assert flow["state"] == "moving"
    assert {(each["actor"], each["type"]) for each in flow["waiting"] if each["due"] is None} >= {
        ("email", "OrderCreated"), ("email", "PaymentReceived"),
    }  # fmt: skip

    shop.sandbox.faults.reset()
    await shop.clock.advance(minutes=2)
    assert {mail["state"] for mail in await mails(staff, bought)} == {"sent"}


async def test_mails_before_a_corrected_address_do_not_name_the_new_one(buyer: Customer, staff: Staff) -> None:
    bought = await buyer.buy(BOOK=1)
    await buyer.shop.clock.advance(minutes=1)
    _ = (await staff.ask("PATCH", f"/admin/api/orders/{bought.order}", {"email": "right@example.com"})).good
    _ = await resend(staff, bought, (await mails(staff, bought))[0]["id"])
    assert [mail["to"] for mail in await mails(staff, bought)] == [None, None, "right@example.com"]
    assert buyer.shop.mails()[-1].to == ["right@example.com"]


async def test_the_flow_names_who_publishes_and_who_hears(buyer: Customer, staff: Staff) -> None:
    bought = await buyer.buy(BOOK=1)
    _ = await staff.send_off(bought)
    flow = (await staff.get(f"/admin/api/orders/{bought.order}/flow")).good
    events = {each["event"]: each for each in flow["events"]}
    assert list(events)[:2] == ["OrderCreated", "PaymentReceived"]
    assert events["OrderCreated"]["publisher"] == "order"
    assert set(events["OrderCreated"]["listeners"]) >= {"email", "inventory", "analytics", "warehouse"}
    assert (events["PaymentReceived"]["publisher"], events["PickingStarted"]["publisher"]) == ("payment", "warehouse")
    assert (flow["number"], flow["state"], flow["dead_letters"]) == (bought.number, "at_rest", [])
    assert all(each["after_ms"] >= 0 for each in flow["events"])
    assert (await staff.get("/admin/api/orders/ord_none/flow")).refusal == (404, "not_found")
