"""Buyers look for things, and staff arrange what they find."""

from time import process_time
from typing import Any

import pytest

from tests.journeys.people import Customer, Json, Staff

PRODUCTS = "/admin/api/products"


def body_of(name: str, title: str, category: str = "Home", price: int = 1000, **rest: Any) -> Json:
    sku = {"sku": f"{name}-1", "price": {"amount": price, "currency": "EUR"}, "weight_g": 100}
    return {"id": name, "slug": name.lower(), "title": title, "category": category, "skus": [sku], **rest}


async def fill(staff: Staff) -> None:
    for body in (
        body_of("VASE", "Blue Vase", brand="Acme"),
        body_of("JUG", "Water Jug", "Kitchen", 2500, brand="Acme"),
        body_of("BOWL", "Blue Bowl", "Kitchen", 1500, brand="Other"),
    ):
        _ = (await staff.ask("POST", PRODUCTS, body)).good
    await staff.shop.clock.at_rest()


def ids(answer: Any) -> list[str]:
    return [item["id"] for item in answer.good["items"]]


async def test_a_misspelt_word_finds_what_was_meant(staff: Staff, buyer: Customer) -> None:
    await fill(staff)

    found = await buyer.get("/products?q=wtaer")

    assert ids(found) == ["JUG"]
    assert found.json["corrected"] == "water"
    assert (found.json["total"], found.json["degraded"]) == (1, False)


@pytest.mark.parametrize("is_degraded", [False, True])
async def test_what_is_no_word_finds_nothing(
    staff: Staff, buyer: Customer, monkeypatch: pytest.MonkeyPatch, is_degraded: bool
) -> None:
    await fill(staff)
    if is_degraded:
        monkeypatch.setattr("actors.search.folder.IndexFolder.refresh", lambda _: None)
        monkeypatch.setattr("actors.search.folder.IndexFolder.lock", lambda _: False)
        await staff.shop.restart()

    for sort in ("", "&sort=newest", "&sort=title", "&sort=price"):
        for q in ("%25", "!?", "%E2%80%8B", "%22%22"):
            found = await buyer.get(f"/products?q={q}{sort}")
            assert (ids(found), found.json["degraded"]) == ([], is_degraded), (q, sort)
        assert "VASE" in ids(await buyer.get(f"/products?q=vas%C3%A9{sort}")), sort


async def test_what_is_gone_is_not_found(staff: Staff, buyer: Customer) -> None:
    await fill(staff)
    assert (await staff.ask("DELETE", f"{PRODUCTS}/VASE")).status == 204
    await staff.shop.clock.at_rest()

    assert ids(await buyer.get("/products?q=blue")) == ["BOWL"]


async def test_facets_count_without_their_own_choice(staff: Staff, buyer: Customer) -> None:
    await fill(staff)

    found = await buyer.get("/products?q=blue&f.category=Kitchen&f.brand=Other&f.brand=Acme")

    assert ids(found) == ["BOWL"]
    counts = {
        facet["name"]: {each["value"]: each["count"] for each in facet["values"]} for facet in found.json["facets"]
    }
    assert counts == {"category": {"Home": 1, "Kitchen": 1}, "brand": {"Other": 1}}


async def test_prices_filter_and_sort(staff: Staff, buyer: Customer) -> None:
    await fill(staff)

    found = await buyer.get("/products?f.brand=Acme&f.brand=Other&f.price=1500..2500&sort=-price")

    assert ids(found) == ["JUG", "BOWL"]
    assert found.json["prices"]["lowest"] == {"amount": 1000, "currency": "EUR"}
    for much in ("9" * 13, "9" * 15):
        assert ids(await buyer.get(f"/products?f.price=..{much}&sort=price")) == ids(
            await buyer.get("/products?f.price=0..&sort=price")
        )
        assert ids(await buyer.get(f"/products?f.price={much}..")) == []
    for bad in ("1500", "a..b", "-1..5", "1..2..3", f"..{'9' * 16}"):
        assert (await buyer.get(f"/products?f.price={bad}")).refusal == (422, "invalid")
    assert (await buyer.get("/products?f.shape=round")).refusal == (422, "invalid")


async def test_a_list_is_paged_through_by_its_cursor(staff: Staff, buyer: Customer) -> None:
    await fill(staff)
    first = await buyer.get("/products?q=blue&sort=price&limit=1")
    second = await buyer.get(f"/products?q=blue&sort=price&limit=1&cursor={first.json['next']}")

    assert ids(first) + ids(second) == ["VASE", "BOWL"]
    assert second.json["next"] is None
    assert (await buyer.get(f"/products?q=bowl&limit=1&cursor={first.json['next']}")).refusal == (422, "invalid")


async def test_a_plain_list_is_counted_too(staff: Staff, buyer: Customer) -> None:
    await fill(staff)
    everything = await buyer.get("/products?limit=1")
    of_a_category = await buyer.get("/products?category=Kitchen")

    assert everything.json["total"] >= 3
    assert len(everything.json["items"]) == 1
    assert of_a_category.json["total"] == len(of_a_category.json["items"]) == 2


async def test_what_is_typed_is_completed(staff: Staff, buyer: Customer) -> None:
    await fill(staff)

    found = (await buyer.get("/search/suggest?q=wat")).good

    assert found == {"queries": [], "products": [{"id": "JUG", "title": "Water Jug"}], "categories": ["Kitchen"]}
    assert (await buyer.get(f"/search/suggest?q={'x' * 201}")).refusal == (422, "invalid")


async def test_staff_arrange_what_is_found(staff: Staff, buyer: Customer) -> None:
    await fill(staff)
    synonyms = {"items": [{"words": ["pitcher", "jug"]}]}
    rules = {"items": [{"query": "blue", "pinned": ["BOWL"], "redirect": "/blue"}]}

    assert (await staff.ask("PUT", "/admin/api/search/synonyms", synonyms)).status == 200
    assert (await staff.ask("PUT", "/admin/api/search/rules", rules)).status == 200

    assert ids(await buyer.get("/products?q=pitcher")) == ["JUG"]
    found = await buyer.get("/products?q=Blue")
    assert ids(found) == ["BOWL", "VASE"]
    assert found.json["redirect"] == "/blue"
    assert (await staff.get("/admin/api/search/synonyms")).good["items"][0]["words"] == ["pitcher", "jug"]
    assert (await staff.get("/admin/api/search/rules")).good["items"][0]["pinned"] == ["BOWL"]
    away = {"items": [{"query": "blue", "redirect": "//elsewhere.example"}]}
    assert (await staff.ask("PUT", "/admin/api/search/rules", away)).refusal == (422, "invalid")
    assert (await buyer.get("/admin/api/search/rules")).status == 401


async def test_staff_see_the_index_and_why_a_hit_is_where_it_is(staff: Staff) -> None:
    await fill(staff)
    assert (await staff.ask("POST", "/admin/api/search/reindex")).status == 202
    await staff.shop.clock.at_rest()

    health = (await staff.get("/admin/api/search/health")).good
    why = (await staff.get("/admin/api/search/explain?q=wtaer&product=JUG")).good

    assert (health["is_there"], health["is_building"], health["behind"]) == (True, False, 0)
    assert why["items"] == [{"word": "wtaer", "way": "typo", "score": 3.0}]


async def test_any_facet_filters_and_an_unknown_one_is_refused_with_those_there_are(
    staff: Staff, buyer: Customer
) -> None:
    made = {"key": "material", "title": "Made of", "kind": "choice", "choices": ["clay", "glass"], "filterable": True}
    assert (await staff.ask("POST", "/admin/api/attributes", made)).status == 201
    volume = {"key": "volume", "title": "Volume", "kind": "number", "unit": "l", "filterable": True}
    assert (await staff.ask("POST", "/admin/api/attributes", volume)).status == 201
    sizes = [{"name": "Size", "values": ["S", "M"]}]
    for name, material, size in (("VASE", "clay", "S"), ("JUG", "glass", "M"), ("CUP", "clay", "M")):
        body = body_of(name, f"Blue {name}", options=sizes, attributes={"material": material, "volume": 2.5})
        body["skus"][0]["options"] = [size]
        _ = (await staff.ask("POST", PRODUCTS, body)).good
    await staff.shop.clock.at_rest()

    found = await buyer.get("/products?q=blue&f.size=M&f.material=clay&f.material=glass&sort=newest")
    facets = {each["name"]: each for each in found.good["facets"]}
    refused = await buyer.get("/products?f.shape=round")

    assert ids(found) == ["CUP", "JUG"]
    assert facets["material"]["title"] == "Made of"
    assert {each["value"]: each["count"] for each in facets["material"]["values"]} == {"clay": 1, "glass": 1}
    assert {each["value"]: each["count"] for each in facets["size"]["values"]} == {"M": 2, "S": 1}
    assert facets["volume"]["values"] == [{"value": "2.5", "title": "2.5 l", "count": 2}]
    assert (facets["volume"]["lowest"], facets["volume"]["highest"]) == (2.5, 2.5)
    assert facets["material"]["lowest"] is None
    assert refused.refusal == (422, "invalid")
    assert refused.json["field"] == "f.shape"
    assert {"category", "brand", "price", "material", "size", "volume"} <= set(refused.json["known"])
    assert "material" in refused.json["detail"]
    many = "&".join(f"f.size={n}" for n in range(51))
    assert (await buyer.get(f"/products?{many}")).refusal == (422, "invalid")
    eleven = "&".join(f"f.x{n}=1" for n in range(11))
    assert (await buyer.get(f"/products?{eleven}")).refusal == (422, "invalid")
    assert (await buyer.get("/products?nonsense=1")).refusal == (422, "invalid")


@pytest.mark.parametrize(
    "name", ["f.a", "f.size", "f.brand", "f.category", "f.price", "q", "within", "f.{}", "{}", "f.a.{}"]
)
async def test_parameters_by_the_thousand_are_refused_at_once(buyer: Customer, name: str) -> None:
    query = "&".join(f"{name.format(number)}={number}" for number in range(4000))

    begun_s = process_time()
    refused = await buyer.get(f"/products?{query}")

    assert (refused.status, refused.json["code"]) in {(422, "invalid"), (422, "unknown_facet")}
    assert process_time() - begun_s < 1.0  # While it works nobody else is served; each name read anew took 30 s.


async def test_only_what_is_in_stock_is_listed_on_request(staff: Staff, buyer: Customer) -> None:
    await fill(staff)
    assert ids(await buyer.get("/products?q=blue&in_stock=true")) == []

    assert (await staff.ask("PUT", "/admin/api/stock/BOWL-1", {"on_hand": 1})).status == 200
    await staff.shop.clock.at_rest()

    assert ids(await buyer.get("/products?q=blue&in_stock=true")) == ["BOWL"]
    assert "BOWL" in ids(await buyer.get("/products?in_stock=1&sort=newest"))
    assert "VASE" not in ids(await buyer.get("/products?in_stock=1&sort=newest"))


async def test_staff_see_why_each_hit_is_where_it_is(staff: Staff, buyer: Customer) -> None:
    await fill(staff)

    explained = await staff.get("/products?q=blue&explain=1")
    found = explained.good

    assert explained.headers["Cache-Control"] == "no-store"  # It is for staff; the same list is everybody's.
    assert found["reasons"]["VASE"] == [{"word": "blue", "way": "title", "score": 8.0}]
    assert set(found["reasons"]) == {item["id"] for item in found["items"]}
    assert (await buyer.get("/products?q=blue")).good["reasons"] is None
    assert (await buyer.get("/products?q=blue&explain=1")).refusal == (401, "unauthorized")


async def test_staff_read_what_was_looked_for(staff: Staff, buyer: Customer) -> None:
    await fill(staff)
    for q in ("unicorn", "blue", "unicorn"):
        _ = (await buyer.get(f"/products?q={q}")).good
    await staff.shop.clock.advance(seconds=10)

    terms = (await staff.get("/admin/api/search/terms")).good["items"]
    in_vain = (await staff.get("/admin/api/search/terms?in_vain=true&days=1")).good["items"]

    assert terms == [{"query": "unicorn", "searches": 2, "empty": 2}, {"query": "blue", "searches": 1, "empty": 0}]
    assert in_vain == terms[:1]
    assert (await buyer.get("/admin/api/search/terms")).status == 401
    assert (await staff.get("/admin/api/search/terms?days=91")).refusal == (422, "invalid")


async def test_numbers_are_filtered_by_ranges(staff: Staff, buyer: Customer) -> None:
    volume = {"key": "volume", "title": "Volume", "kind": "number", "unit": "l", "filterable": True}
    assert (await staff.ask("POST", "/admin/api/attributes", volume)).status == 201
    for name, litres in (("CUP", 0.25), ("JUG", 2), ("TUB", 5.5)):
        body = body_of(name, f"Blue {name}", attributes={"volume": litres})
        _ = (await staff.ask("POST", PRODUCTS, body)).good
    await staff.shop.clock.at_rest()

    for wanted, expected in {
        "0.25..2": {"CUP", "JUG"}, "0.250001..1.999999": set(), "2..": {"JUG", "TUB"}, "..0.25": {"CUP"},
        "5.5": {"TUB"}, "-1..5.499999": {"CUP", "JUG"}, "5..2": set(),
    }.items():  # fmt: skip
        assert set(ids(await buyer.get(f"/products?f.volume={wanted}"))) == expected, wanted
    either = await buyer.get("/products?q=blue&f.volume=5..&f.volume=0.25")
    assert set(ids(either)) == {"CUP", "TUB"}
    facets = {each["name"]: each for each in either.json["facets"]}
    assert (facets["volume"]["lowest"], facets["volume"]["highest"]) == (0.25, 5.5)  # Whatever is chosen of it.
    assert {each["value"] for each in facets["volume"]["values"]} == {"0.25", "2", "5.5"}
    for bad in ("..", "a..5", "1..2..3", "1e3.."):
        assert (await buyer.get(f"/products?f.volume={bad}")).refusal == (422, "invalid"), bad


async def test_staff_say_what_compounds_are_made_of(staff: Staff, buyer: Customer) -> None:
    _ = (await staff.ask("POST", PRODUCTS, body_of("KETTLE", "Wasserkocher"))).good
    compounds = "/admin/api/search/compounds"

    assert (await staff.ask("PUT", compounds, {"items": ["Kocher", "Wasser"]})).good["items"] == ["kocher", "wasser"]
    await staff.shop.clock.at_rest()

    assert ids(await buyer.get("/products?q=kocher")) == ["KETTLE"]
    assert (await staff.get(compounds)).good["items"] == ["kocher", "wasser"]
    assert (await staff.ask("PUT", compounds, {"items": ["two words"]})).refusal == (422, "invalid")
    assert (await buyer.get(compounds)).status == 401


async def test_a_product_leads_to_what_is_like_it(staff: Staff, buyer: Customer) -> None:
    await fill(staff)

    related = await buyer.get("/products/VASE/related")

    assert ids(related)[0] == "BOWL"  # It is blue as well.
    assert "VASE" not in ids(related)
    assert set(related.json["items"][0]) == set((await buyer.get("/products?q=bowl")).json["items"][0])
    assert len(ids(await buyer.get("/products/VASE/related?limit=1"))) == 1
    assert (await staff.ask("DELETE", f"{PRODUCTS}/BOWL")).status == 204
    assert "BOWL" not in ids(await buyer.get("/products/VASE/related"))  # At once, whatever the index has.
    assert (await buyer.get("/products/bowl/related")).refusal == (410, "gone")
    assert (await buyer.get("/products/NOTHING/related")).refusal == (404, "not_found")
    assert (await buyer.get("/products/VASE/related?limit=25")).refusal == (422, "invalid")
