"""The desk of the admin portal, as each role sees it, over HTTP as browsers do: pages, links, and who may see which."""

import re
from collections.abc import Iterable, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

import aiohttp
import pytest

from actors.staff.rules import FIXED
from bus.messages import words
from gateway.pages.admin import PARTS
from gateway.pages.admin.screens import Screen
from testkit import ShopUnderTest
from tests.html_validator import faults_of
from tests.journeys.accounts import Person
from tests.journeys.people import Answer, Customer, Staff, fail_refunds, sql
from tests.journeys.staff_people import Colleague, colleague

MOST_PAGES = 60  # Of one crawl.
CLERK = {"title": "Clerk", "keys": ["read_orders", "read_payments", "write_payments"], "refund_limit": 1000}
SCREENS: Sequence[Screen] = [each for part in PARTS for each in part.screens]
# Codes of the shop, as they must not stand on a page: written with an underscore, or in one word of two.
CODES = {code for code in (*words.STATUSES, *words.PROBLEMS, *words.CANCELLED, *words.PARCELS) if "_" in code}
CODES |= {code for code in words.EVENTS if code != "Delivered"}


class Page(HTMLParser):
    """A page as a reader sees it: its texts, links and headings."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.headings = 0
        self.texts: list[str] = []
        self.forms: list[dict[str, str]] = []
        self._hidden = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        elif tag == "form":
            self.forms.append(given)
        self.headings += tag == "h1"
        self._hidden += tag in ("script", "style", "pre")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("script", "style", "pre")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def codes(self) -> set[str]:
        """The machine words among its texts."""
        return CODES & set(re.findall(r"\w+", self.text))


FLOW = "/admin/flow"  # It draws the messages themselves, by their names.


class Browser:
    """A browser in which somebody is signed in: it has a cookie, and says where its forms come from."""

    def __init__(self, person: Colleague) -> None:
        self.person = person

    async def open(self, path: str) -> Answer:
        return await self.person.ask("GET", path, token="", headers=self._cookie(), follow=False)

    async def send(self, path: str, /, **fields: object) -> Answer:
        headers = {
            **self._cookie(),
            "Content-Type": "application/x-www-form-urlencoded",
            "Sec-Fetch-Site": "same-origin",
        }
        raw = urlencode(fields, doseq=True).encode()
        return await self.person.ask("POST", path, token="", raw=raw, headers=headers, follow=False)

    def _cookie(self) -> dict[str, str]:
        return {"Cookie": f"staff={self.person.token}"}


@pytest.fixture
async def owner(shop: ShopUnderTest, http: aiohttp.ClientSession) -> Browser:
    return Browser(await colleague(shop, http))


def read(answer: Answer) -> Page:
    assert answer.status == 200, f"{answer.status} {answer.body.decode()[:2000]}"
    return Page(answer.body.decode())


async def busy(shop: ShopUnderTest, buyer: Customer) -> list[str]:
    """A shop with orders in some states; gives their ids, the first one to be paid still."""
    paid = [(await shop.buy(MUG=2)).order_id, (await shop.buy(BOOK=1)).order_id]
    return [(await buyer.order(BOOK=3)).order, *paid]


@pytest.mark.parametrize("role", sorted(FIXED))
async def test_a_screen_opens_to_its_key_alone(shop: ShopUnderTest, http: aiohttp.ClientSession, role: str) -> None:
    person = await colleague(shop, http, role)
    keys, browser = set((await person.me())["keys"]), Browser(person)

    for each in SCREENS:
        answer = await browser.open(each.path)
        is_theirs = each.key is None or each.key in keys
        assert answer.status == (200 if is_theirs else 403), (each.path, answer.status)
        page = Page(answer.body.decode())
        assert page.headings == 1
        assert each.path == FLOW or not page.codes()


async def test_whoever_is_not_signed_in_is_led_there_and_back(shop: ShopUnderTest, owner: Browser) -> None:
    del shop
    owner.person.token = "ss_nobody"
    for each in SCREENS:
        answer = await owner.open(f"{each.path}?q=1")
        assert answer.status == 303
        assert answer.headers["Location"] == f"/admin/sign-in?next={quote(f'{each.path}?q=1', safe='')}"


@pytest.mark.parametrize("role", ["owner", "support", "warehouse", "bookkeeping"])
async def test_every_link_that_a_role_is_shown_works_and_each_page_is_as_the_standard_has_it(
    shop: ShopUnderTest, http: aiohttp.ClientSession, buyer: Customer, role: str, tmp_path: Path
) -> None:
    await busy(shop, buyer)
    browser = Browser(await colleague(shop, http, role))

    visited, waiting, pages = set[str](), ["/admin"], dict[str, str]()
    while waiting and len(visited) < MOST_PAGES:
        path = waiting.pop(0)
        visited.add(path)
        answer = await browser.open(path)
        assert answer.status == 200, (path, answer.status)
        if "html" not in answer.headers["Content-Type"]:
            continue
        page = Page(html := answer.body.decode())
        if not path.endswith("/body"):  # Of a mail: it is a part of a page.
            pages[path] = html
        assert page.headings == 1 or path.endswith("/body"), path
        assert path.startswith(FLOW) or not page.codes(), (path, page.codes())
        waiting += [link for link in _own(page.links, path) if link not in visited and link not in waiting]
    assert len(visited) > 5
    assert faults_of(tmp_path, pages) == []


def _own(links: Iterable[str], here: str) -> list[str]:
    """The addresses within the portal, each list with one set of filters only: they can be combined without end."""
    absolute = [f"{urlsplit(here).path}{link}" if link.startswith("?") else link for link in links]
    return [each for each in dict.fromkeys(absolute) if each.startswith("/admin") and each.count("=") <= 2]


async def test_whoever_may_not_know_buyers_sees_initials(
    shop: ShopUnderTest, http: aiohttp.ClientSession, buyer: Customer
) -> None:
    ids = await busy(shop, buyer)
    browser = Browser(await colleague(shop, http, "warehouse"))

    listed, one = read(await browser.open("/admin/orders")), read(await browser.open(f"/admin/orders/{ids[1]}"))

    name = str(buyer.delivery()["name"])
    assert name not in listed.text
    assert name not in one.text
    assert "Your role does not include who has bought." in one.text
    refused = await browser.open(f"/admin/orders?{urlencode({'q': name})}")
    assert refused.status == 403
    assert "not by who has bought" in Page(refused.body.decode()).text


async def test_today_counts_what_is_to_be_done(shop: ShopUnderTest, buyer: Customer, owner: Browser) -> None:
    await busy(shop, buyer)
    await shop.clock.advance(minutes=5)

    page = (await owner.open("/admin")).body.decode()

    assert _task(page, "pick")[0] == "2"
    assert _task(page, "to_pay")[0] == "1"
    assert "the oldest waits 5 minutes" in _task(page, "to_pay")[1]
    assert _task(page, "letters")[0] == "0"


async def test_today_by_the_hour_stands_beside_the_same_weekday(shop: ShopUnderTest, owner: Browser) -> None:
    """The shop's clock begins on a Monday at noon, UTC."""
    assert 'data-testid="hours"' not in (await owner.open("/admin")).body.decode()
    await shop.buy(MUG=1)
    await shop.clock.advance(hours=2)
    await owner.person.refresh()
    await shop.buy(MUG=2)
    await sql(
        shop,
        """insert into analytics.sales (order_id, placed_at, currency, units, ordered, paid) values
        ('ord_a', '2029-12-31 00:00+00', 'EUR', 1, 700, 700),
        ('ord_b', '2029-12-31 23:59:59.999999+00', 'EUR', 1, 800, 800),
        ('ord_c', '2029-12-30 23:59:59+00', 'EUR', 1, 900, 900)""",
    )
    path = "/admin/api/analytics/sales/hours"

    today = (await owner.person.get(path)).good["items"]
    before = (await owner.person.get(f"{path}?day=2029-12-31")).good["items"]
    page = (await owner.open("/admin?lang=de")).body.decode()

    assert [(each["hour"], each["orders"], each["units"]) for each in today] == [(12, 1, 1), (14, 1, 2)]
    assert [(each["hour"], each["paid"]) for each in before] == [(0, 700), (23, 800)]
    chart = page.partition('data-testid="hours"')[2].partition("</svg>")[0].replace("\N{NO-BREAK SPACE}", " ")
    assert chart.count("<title>") == 24
    assert "<title>23:00: eine Woche zuvor 8,00 €</title>" in chart
    assert f"<title>12:00: {today[0]['paid'] / 100:.2f} €, eine Woche zuvor".replace(".", ",") in chart
    assert chart.count('class="is"') == 15
    table = read(await owner.open("/admin")).text.partition("A week before")[2]
    assert "€8.00" in table
    assert "style=" not in page


def _task(page: str, task: str) -> tuple[str, str]:
    """The number of a task, and all that its tile says."""
    tile = page.partition(f'data-testid="todo-{task}"')[2].partition("</a>")[0]
    text = " ".join(re.sub(r"<[^>]*>", " ", tile.partition(">")[2]).split())
    return text.partition(" ")[0], text


async def test_a_new_shop_sees_what_is_missing_and_the_same_on_both_screens(owner: Browser) -> None:
    page, start = [(await owner.open(path)).body.decode() for path in ("/admin", "/admin/start")]

    today = {name: bool(done) for done, name in re.findall(r'<li (class="done")? data-testid="missing-(\w+)"', page)}
    steps = {name: done == "yes" for name, done in re.findall(r'data-step="(\w+)" data-done="(\w+)"', start)}
    assert today == steps
    assert set(today.values()) == {True, False}
    assert list(steps) == ["looks", "goods", "shipping", "payment", "notices"]


async def test_whoever_may_not_read_the_shops_settings_sees_the_other_steps(
    shop: ShopUnderTest, http: aiohttp.ClientSession, owner: Browser
) -> None:
    role = {"title": "Goods", "keys": ["read_orders", "read_products"]}
    assert (await owner.person.ask("PUT", "/admin/api/roles/goods", role)).good["id"] == "goods"

    page = (await Browser(await colleague(shop, http, "goods")).open("/admin")).body.decode()

    assert 'data-testid="missing-goods"' in page
    assert 'data-testid="missing-payment"' not in page
    assert "/admin/start" not in page


async def test_a_refund_takes_a_fresh_sign_in_and_keeps_what_was_typed(shop: ShopUnderTest, owner: Browser) -> None:
    order_id = (await shop.buy(MUG=2)).order_id
    await shop.clock.advance(minutes=10)
    form = {"amount": "4,50", "reason": "duplicate", "refunding": "1", "key": "k1"}

    stale = await owner.send(f"/admin/orders/{order_id}/refund", **form)
    assert stale.status == 303
    back = dict(parse_qsl(urlsplit(stale.headers["Location"]).query))["next"]
    assert dict(parse_qsl(urlsplit(back).query)) == {"amount": "4,50", "reason": "duplicate", "refunding": "1"}

    await owner.person.refresh()
    page = (await owner.open(back)).body.decode()
    assert 'value="4,50"' in page
    done = await owner.send(f"/admin/orders/{order_id}/refund", **form)
    again = await owner.send(f"/admin/orders/{order_id}/refund", **form)  # A double click.
    assert (done.status, again.status) == (303, 303)
    await shop.settle()
    assert (await owner.person.get(f"/orders/{order_id}")).good["refunded"]["amount"] == 450


async def test_a_german_colleague_reads_what_happened_in_german(shop: ShopUnderTest, owner: Browser) -> None:
    order_id = (await shop.buy(MUG=2)).order_id
    form = {"amount": "4,50", "reason": "duplicate", "refunding": "1", "key": "k1"}
    assert (await owner.send(f"/admin/orders/{order_id}/refund", **form)).status == 303
    await shop.settle()

    page = read(await owner.open(f"/admin/orders/{order_id}?lang=de")).text.replace("\N{NO-BREAK SPACE}", " ")

    me = await owner.person.me()
    assert f"4,50 € erstattet durch {me['name'] or me['email']}" in page
    assert "€4.50" not in page


async def test_a_refused_form_is_shown_again_with_the_reason_at_its_field(shop: ShopUnderTest, owner: Browser) -> None:
    order_id = (await shop.buy(MUG=1)).order_id

    answer = await owner.send(f"/admin/orders/{order_id}/refund", amount="a lot", reason="duplicate", key="k")

    page = answer.body.decode()
    assert answer.status == 422
    assert 'value="a lot"' in page
    assert 'aria-invalid="true"' in page


async def test_an_order_goes_its_way_by_its_one_button(shop: ShopUnderTest, owner: Browser) -> None:
    order_id = (await shop.buy(MUG=1)).order_id
    for step, status in (("pick", "picking"), ("pack", "packed"), ("ship", "shipped")):
        assert f'value="{step}"' in (await owner.open(f"/admin/orders/{order_id}")).body.decode()
        assert (await owner.send(f"/admin/orders/{order_id}/step", step=step, key=step)).status == 303
        await shop.clock.at_rest()
        assert (await owner.person.get(f"/orders/{order_id}")).good["status"] == status


async def test_what_is_still_to_be_done_is_what_can_still_happen(
    shop: ShopUnderTest, buyer: Customer, owner: Browser
) -> None:
    """The timer of an order that was paid in time stays until it is due, and does nothing then."""
    unpaid, paid, _ = await busy(shop, buyer)
    await shop.clock.at_rest()

    assert "Orders: Payment overdue" in read(await owner.open(f"/admin/orders/{unpaid}")).text
    assert "Still to be done" not in read(await owner.open(f"/admin/orders/{paid}")).text
    path = f"/admin/api/orders/{unpaid}"
    assert [each["type"] for each in (await owner.person.get(f"{path}/flow")).good["waiting"]] == ["PaymentOverdue"]
    assert (await owner.person.ask("POST", f"/orders/{unpaid}/cancel")).status == 200
    await shop.settle()
    assert (await owner.person.get(f"{path}/flow")).good["waiting"] == []


async def test_an_address_is_corrected_before_packing(shop: ShopUnderTest, owner: Browser) -> None:
    order_id = (await shop.buy(MUG=1)).order_id
    buyer = (await owner.person.get(f"/orders/{order_id}")).good["buyer"]
    form = {**buyer["address"], "name": buyer["name"], "email": buyer["email"], "phone": buyer["phone"], "key": "k"}

    assert (await owner.send(f"/admin/orders/{order_id}/buyer", **{**form, "line1": "Neue Gasse 9"})).status == 303

    assert "Neue Gasse 9" in read(await owner.open(f"/admin/orders/{order_id}")).text
    wrong = await owner.send(f"/admin/orders/{order_id}/buyer", **{**form, "email": "nobody", "key": "k2"})
    assert wrong.status == 422
    assert 'id="wrong-email"' in wrong.body.decode()


async def test_notes_and_mails_of_an_order(shop: ShopUnderTest, owner: Browser) -> None:
    order_id = (await shop.buy(MUG=1)).order_id
    path = f"/admin/orders/{order_id}"

    assert (await owner.send(f"{path}/notes", text="Rings twice.\n<b>Really.</b>", key="n")).status == 303
    page = (await owner.open(path)).body.decode()
    assert "Rings twice.\n&lt;b&gt;Really.&lt;/b&gt;" in page

    (mail, *_) = re.findall(rf'href="({path}/mails/[^"]+)"', page)
    shown, body = await owner.open(mail), await owner.open(f"{mail}/body")
    assert "sandbox" in shown.body.decode()
    assert body.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    before = len(shop.mails())
    assert (await owner.send(f"{mail}/resend", key="m")).status == 303
    await shop.settle()
    assert len(shop.mails()) == before + 1


async def test_several_orders_are_cancelled_after_a_question(shop: ShopUnderTest, owner: Browser) -> None:
    ids = [(await shop.buy(BOOK=1)).order_id for _ in range(3)]
    asked = await owner.open(f"/admin/orders/cancel?{urlencode([('id', f'{each} SF-1') for each in ids])}")
    assert "Cancel 3 orders?" in read(asked).text
    assert (await owner.person.get(f"/orders/{ids[0]}")).good["status"] == "paid"

    await shop.clock.advance(minutes=10)
    chosen = [f"{each} SF-1" for each in ids]
    stale = await owner.send("/admin/orders/cancel", id=chosen, key="k")
    assert stale.status == 303
    assert all(each in unquote(stale.headers["Location"]) for each in ids)

    await owner.person.refresh()
    done = await owner.send("/admin/orders/cancel", id=chosen, key="k2")
    assert "3 of 3 done" in read(done).text
    await shop.settle()
    assert {(await owner.person.get(f"/orders/{each}")).good["status"] for each in ids} == {"cancelled"}


async def test_a_view_is_saved_for_its_person_alone(
    shop: ShopUnderTest, http: aiohttp.ClientSession, owner: Browser
) -> None:
    other = Browser(await colleague(shop, http, "support"))

    assert (await owner.send("/admin/orders/views", title="Ada's", query="q=ada@example.com&late=true")).status == 303

    mine, theirs = (await owner.open("/admin/orders")).body, (await other.open("/admin/orders")).body
    assert b"Ada&#39;s" in mine
    assert b"Ada&#39;s" not in theirs
    (stored,) = await shop.inside.services.database.fetch("select views from staff.views")
    assert b"ada@example.com" not in bytes(stored["views"])
    assert (await owner.send("/admin/orders/views", title="Ada's", query="", remove="1")).status == 303
    assert (await owner.person.get("/admin/api/me/views")).good["items"] == []


async def test_orders_go_into_a_file(shop: ShopUnderTest, buyer: Customer, owner: Browser) -> None:
    await busy(shop, buyer)
    answer = await owner.open("/admin/orders.csv?status=paid")
    lines = answer.body.decode("utf-8-sig").splitlines()
    assert lines[0].startswith("number,placed,status")
    assert len(lines) == 3


async def test_what_is_found_leads_to_it(shop: ShopUnderTest, owner: Browser) -> None:
    placed = await shop.buy(MUG=1)
    number = (await owner.person.get(f"/orders/{placed.order_id}")).good["number"]

    assert f"/admin/orders/{placed.order_id}" in read(await owner.open(f"/admin/find?q={number}")).links
    assert "/admin/money" in read(await owner.open("/admin/find?q=mon")).links
    assert "Nothing is called" in read(await owner.open("/admin/find?q=xyzzy+plugh")).text


async def test_stuck_money_is_resolved_by_its_button(
    shop: ShopUnderTest, buyer: Customer, staff: Staff, owner: Browser, http: aiohttp.ClientSession
) -> None:
    bought = await buyer.buy(MUG=1)
    assert (await staff.refund(bought, 300)).status == 201
    await fail_refunds(shop, http)
    (item,) = await staff.stuck_money()
    page = (await owner.open("/admin/money")).body.decode()
    assert "A refund failed" in page
    assert item["id"] in page

    assert (await owner.send("/admin/money/apply", item=item["id"], key="k")).status == 303

    await shop.settle()
    assert await staff.stuck_money() == []
    assert (await buyer.read(bought))["refunded"]["amount"] == 300


async def test_a_remedy_is_what_the_shop_names_and_not_what_a_form_says(owner: Browser) -> None:
    forged = await owner.send("/admin/money/apply", item="nobody", path="/admin/api/staff", method="POST", key="k")
    assert forged.status == 404


async def test_a_refund_over_the_limit_waits_for_a_second_person(
    shop: ShopUnderTest, http: aiohttp.ClientSession, owner: Browser
) -> None:
    """Asked for by one, on the order's screen; approved by another, on that of money."""
    assert (await owner.person.ask("PUT", "/admin/api/roles/clerk", CLERK)).good["id"] == "clerk"
    clerk = Browser(await colleague(shop, http, "clerk"))
    order_id = (await shop.buy(MUG=2)).order_id
    await owner.person.refresh()

    assert (await clerk.send(f"/admin/orders/{order_id}/refund", reason="duplicate", key="k")).status == 303

    assert "waits for a second person" in read(await clerk.open(f"/admin/orders/{order_id}")).text
    page = (await owner.open("/admin/money")).body.decode()
    (action,) = re.findall(r'action="(/admin/money/approvals/[^"]+)"', page)
    assert (await owner.send(action, decision="approve", key="a")).status == 303
    await shop.settle()
    order = (await owner.person.get(f"/orders/{order_id}")).good
    assert order["refunded"] == order["total"]


async def test_a_customer_is_found_and_forgotten(shop: ShopUnderTest, owner: Browser) -> None:
    email = "grace@example.com"
    person = Person(shop, owner.person.http, email)
    await person.join()
    customer = (await person.me()).good["id"]

    assert f"/admin/customers/{customer}" in read(await owner.open(f"/admin/customers?{urlencode({'q': email})}")).links
    assert email in read(await owner.open(f"/admin/customers/{customer}")).text
    unsure = await owner.send(f"/admin/customers/{customer}/erase", key="k")
    assert unsure.headers["Location"] == f"/admin/customers/{customer}"
    await owner.person.refresh()
    sure = await owner.send(f"/admin/customers/{customer}/erase", key="k", sure="1")
    assert sure.headers["Location"] == "/admin/erasures"
    assert read(await owner.open("/admin/erasures")).headings == 1


async def test_the_audit_takes_a_click(shop: ShopUnderTest, owner: Browser) -> None:
    await shop.buy(MUG=1)
    await shop.settle()
    assert "All is well" not in read(await owner.open("/admin/audit")).text
    assert "All is well" in read(await owner.send("/admin/audit")).text


async def test_a_form_of_another_site_has_no_effect(shop: ShopUnderTest, owner: Browser) -> None:
    order_id = (await shop.buy(MUG=1)).order_id
    headers: dict[str, Any] = {
        "Cookie": f"staff={owner.person.token}",
        "Content-Type": "application/x-www-form-urlencoded",
        "Sec-Fetch-Site": "cross-site",
    }
    answer = await owner.person.ask(
        "POST", f"/admin/orders/{order_id}/step", token="", raw=b"step=pick", headers=headers
    )
    assert answer.status == 403
    assert (await owner.person.get(f"/orders/{order_id}")).good["status"] == "paid"
