"""Dead letters on the screens of whoever looks after the shop: their list, and the actor that they are for."""

import aiohttp
import pytest

from testkit import ShopUnderTest
from tests.journeys.staff_people import colleague
from tests.journeys.test_admin_goods import see, send

PARK = """
insert into bus.dead_letters (message_id, subscriber, type, key, body, cause, attempts, error, parked_at)
values ('msg_lost', 'warehouse', 'OrderPaid', 'ord_lost', '{"order_id":"ord_lost"}', '', 5, 'it broke', now())
returning id"""


@pytest.mark.parametrize("path", ["/admin/letters", "/admin/flow/warehouse", "/admin/flow/warehouse?event=OrderPaid"])
async def test_a_dead_letter_is_shown_and_tried_again(
    shop: ShopUnderTest, http: aiohttp.ClientSession, path: str
) -> None:
    ((letter,),) = await shop.inside.services.database.fetch(PARK)
    owner = await colleague(shop, http)

    shown = await see(owner, path)
    again = await send(owner, f"/admin/letters/{letter}/redrive", back=path)
    gone = await send(owner, f"/admin/letters/{letter}/redrive", back="https://elsewhere.example")

    assert shown.status == 200
    assert "it broke" in shown.body.decode()
    assert "&#34;order_id&#34;: &#34;ord_lost&#34;" in shown.body.decode()
    assert (again.status, again.headers["Location"]) == (303, path)
    assert (gone.status, gone.headers["Location"]) == (303, "/admin/letters")
