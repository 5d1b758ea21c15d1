"""Ways to products, over HTTP: categories, collections, and the addresses of a former shop."""

from datetime import timedelta

from tests.journeys.people import Answer, Customer, Json, Staff
from tests.journeys.test_search import body_of, ids

ADMIN = "/admin/api"


async def put(staff: Staff, path: str, **body: object) -> Json:
    return (await staff.ask("PUT", f"{ADMIN}/{path}", body)).good


async def add(staff: Staff, name: str, title: str, category: str, price: int = 1000) -> None:
    _ = (await staff.ask("POST", f"{ADMIN}/products", body_of(name, title, category, price))).good


async def moved(buyer: Customer, path: str) -> tuple[int, str]:
    answer = await buyer.ask("GET", path, follow=False)
    return answer.status, answer.headers.get("Location", "")


def titles(tree: Answer) -> list[tuple[str, int]]:
    return [(item["path"], item["products"]) for item in tree.good["items"] if item["path"] != "test"]


async def test_a_tree_is_built_moved_and_browsed(staff: Staff, buyer: Customer) -> None:
    await put(staff, "categories/clothing", slug="clothing", title="Clothing")
    await put(staff, "categories/shirts", slug="shirts", title="Shirts", parent="clothing")
    await add(staff, "POLO", "Polo", "clothing/shirts")
    await add(staff, "SOCK", "Sock", "Clothing")
    await staff.shop.clock.advance(seconds=6)

    assert titles(await buyer.get("/categories")) == [("clothing", 2), ("clothing/shirts", 1)]
    assert sorted(ids(await buyer.get("/products?category=clothing"))) == ["POLO", "SOCK"]
    assert ids(await buyer.get("/products?category=clothing/shirts")) == ["POLO"]
    assert ids(await buyer.get("/products?category=Shirts")) == ["POLO"]  # By title, as before there was a tree.
    assert ids(await buyer.get("/products?category=clothing&q=sock")) == ["SOCK"]
    assert ids(await buyer.get("/products?category=clothing&sort=newest")) == ["SOCK", "POLO"]
    shown = (await buyer.get("/categories/clothing/shirts")).good
    assert ([each["path"] for each in shown["above"]], shown["products"], shown["children"]) == (["clothing"], 1, [])

    await put(staff, "categories/shirts", slug="tops", title="Tops")
    await staff.shop.settle()

    assert await moved(buyer, "/categories/clothing/shirts") == (301, "/categories/tops")
    assert (await buyer.get("/products/polo")).good["category"] == "Tops"
    assert ids(await buyer.get("/products?category=clothing")) == ["SOCK"]
    assert ids(await buyer.get("/products?category=tops")) == ["POLO"]
    assert ids(await buyer.get("/products?q=tops")) == ["POLO"]

    refused = await staff.ask("DELETE", f"{ADMIN}/categories/shirts")
    assert refused.refusal == (409, "category_in_use")
    _ = (await staff.ask("PATCH", f"{ADMIN}/products/POLO", {"categories": ["clothing"]})).good
    assert (await staff.ask("DELETE", f"{ADMIN}/categories/shirts")).status == 204
    assert (await buyer.get("/categories/tops")).refusal == (410, "gone")
    assert (await buyer.get("/categories/never")).refusal == (404, "not_found")


async def test_a_category_that_does_not_fit_is_refused(staff: Staff) -> None:
    await put(staff, "categories/a", slug="a", title="A")
    await put(staff, "categories/b", slug="b", title="B", parent="a")

    async def refusal(name: str, **body: object) -> tuple[int, str]:
        return (await staff.ask("PUT", f"{ADMIN}/categories/{name}", {"slug": name, "title": name, **body})).refusal

    assert await refusal("a", parent="b") == (422, "invalid")
    assert await refusal("c", slug="a") == (409, "path_taken")
    assert await refusal("c", parent="nothing") == (404, "not_found")
    assert await refusal("c", slug="C!") == (422, "invalid")
    body = body_of("X", "X", "", categories=["nothing"])
    assert (await staff.ask("POST", f"{ADMIN}/products", {**body, "category": "x"})).refusal == (422, "invalid")


async def test_a_product_is_in_several_categories(staff: Staff, buyer: Customer) -> None:
    await put(staff, "categories/gifts", slug="gifts", title="Gifts")
    await add(staff, "POLO", "Polo", "Shirts")
    changed = (await staff.ask("PATCH", f"{ADMIN}/products/POLO", {"categories": ["shirts", "gifts"]})).good
    await staff.shop.settle()

    assert (changed["category"], changed["categories"]) == ("Shirts", ["shirts", "gifts"])
    assert ids(await buyer.get("/products?category=gifts")) == ids(await buyer.get("/products?category=shirts"))
    whole = body_of("POLO", "Polo", "Shirts")
    del whole["id"]
    again = await staff.ask("PUT", f"{ADMIN}/products/POLO", whole, headers={"If-Match": f'"{changed["revision"]}"'})
    assert again.good["categories"] == ["shirts"]  # All of it is said, and this is its one category.


async def test_a_collection_by_hand_has_its_order(staff: Staff, buyer: Customer) -> None:
    for name in ("A", "B", "C", "D"):
        await add(staff, name, f"Title {name}", "Home")
    items = ["C", "nothing", "A", "D", "B"]
    await put(staff, "collections/best", slug="best", title="Best", items=items)

    first = await buyer.get("/collections/best?limit=2")
    then = await buyer.get(f"/collections/best?limit=2&cursor={first.good['next']}")

    assert (ids(first), ids(then), then.json["next"]) == (["C", "A"], ["D", "B"], None)
    _ = (await staff.ask("PATCH", f"{ADMIN}/products/A", {"status": "draft"})).good
    assert ids(await buyer.get("/collections/best")) == ["C", "D", "B"]


async def test_whatever_has_a_title_is_listed_by_the_shops_language(staff: Staff, buyer: Customer) -> None:
    named, ordered = ["Zebra", "apple", "Äpfel", "“Mug”"], ["Äpfel", "apple", "“Mug”", "Zebra"]
    for place, title in enumerate(named):
        await put(staff, f"collections/c{place}", slug=f"c{place}", title=title)
        await put(staff, f"types/t{place}", title=title)
        await add(staff, f"P{place}", title, "Home")
    await staff.shop.clock.advance(seconds=6)

    for path in (f"{ADMIN}/collections", f"{ADMIN}/types"):
        assert [each["title"] for each in (await staff.get(path)).good["items"] if each["title"] in named] == ordered
    for wish in ("category=Home", "category=Home&in_stock=false", "q=home", "category=Home&f.price=..9999"):
        found = (await buyer.get(f"/products?sort=title&{wish}")).good["items"]
        assert [each["title"] for each in found] == ordered, wish


async def test_a_collection_by_rule_is_never_stale(staff: Staff, buyer: Customer) -> None:
    await add(staff, "MUG1", "Blue mug", "kitchen/mugs", price=1500)
    await add(staff, "MUG2", "Red mug", "kitchen/mugs", price=900)
    await add(staff, "POT", "Blue pot", "kitchen")
    await add(staff, "SOFA", "Blue sofa", "Living")
    await staff.shop.settle()
    rule = {"categories": ["kitchen"], "sort": "price", "price_to": 1400}
    await put(staff, "collections/cheap", slug="cheap", title="Cheap", items=["SOFA"], rule=rule)

    assert ids(await buyer.get("/collections/cheap")) == ["SOFA", "MUG2", "POT"]

    await add(staff, "MUG3", "Tiny mug", "kitchen/mugs", price=100)
    _ = (await staff.ask("PATCH", f"{ADMIN}/products/MUG2", {"status": "archived"})).good
    await staff.shop.settle()
    seen, cursor = list[str](), ""
    while True:  # One by one: from the chosen to the found, none twice and none missing.
        page = await buyer.get(f"/collections/cheap?limit=1&cursor={cursor}")
        seen += ids(page)
        if page.json["next"] is None:
            break
        cursor = page.json["next"]
    assert seen == ["SOFA", "MUG3", "POT"]

    await put(staff, "collections/cheap", slug="cheap", title="Cheap", rule={**rule, "categories": ["kitchen/mugs"]})
    assert ids(await buyer.get("/collections/cheap")) == ["MUG3"]
    shown = (await staff.ask("GET", f"{ADMIN}/collections/cheap")).good
    assert shown["rule"]["categories"] == ["mugs"]


async def test_a_collection_is_shown_by_the_clock_and_keeps_its_former_slugs(staff: Staff, buyer: Customer) -> None:
    await add(staff, "A", "Title A", "Home")
    now = staff.shop.clock.now()
    times = {
        "publish_at": (now + timedelta(hours=1)).isoformat(), "unpublish_at": (now + timedelta(hours=2)).isoformat(),
    }  # fmt: skip
    await put(staff, "collections/sale", slug="sale", title="Sale", items=["A"], **times)

    assert (await buyer.get("/collections/sale")).status == 404
    await staff.shop.clock.advance(hours=1)
    assert (await buyer.get("/collections/sale")).status == 200
    await put(staff, "collections/sale", slug="summer-sale", title="Sale", items=["A"], **times)
    assert await moved(buyer, "/collections/sale") == (301, "/collections/summer-sale")
    await staff.shop.clock.advance(hours=1)
    assert (await buyer.get("/collections/summer-sale")).status == 404

    taken = {"slug": "summer-sale", "title": "Other"}
    assert (await staff.ask("PUT", f"{ADMIN}/collections/other", taken)).refusal == (409, "path_taken")
    late = {**times, "slug": "late", "title": "Late"}
    assert (await staff.ask("PUT", f"{ADMIN}/collections/late", late)).refusal == (422, "invalid")
    for bad in ({"q": ""}, {"categories": ["nothing"]}, {"filters": [{"name": "nothing", "values": ["x"]}]}):
        body = {"slug": "bad", "title": "Bad", "rule": bad}
        assert (await staff.ask("PUT", f"{ADMIN}/collections/bad", body)).refusal == (422, "invalid"), bad
    listed = (await staff.ask("GET", f"{ADMIN}/collections")).good["items"]
    assert [(each["id"], each["items"], each["has_rule"]) for each in listed] == [("sale", 1, False)]
    assert (await staff.ask("DELETE", f"{ADMIN}/collections/sale")).status == 204
    assert (await buyer.get("/collections/summer-sale")).refusal == (410, "gone")


async def test_addresses_of_a_former_shop_lead_on(staff: Staff, buyer: Customer) -> None:
    wanted = [
        {"path": "/shop/mug.html", "target": "/products/mug"},
        {"path": "/index.php?id=7", "target": "/products/book", "code": 302},
        {"path": "/T%C3%BCren/", "target": "https://example.com/türen"},
        {"path": "/products/old-mug", "target": "/products/mug"},
        {"path": "/closed", "code": 410},
        {"path": "/products/mug", "target": "/closed"},  # Is served, and so never looked up.
        {"path": "/a", "target": "/b"},
        {"path": "/b", "target": f"{staff.shop.url}/a"},
        {"path": "/evil", "target": "//evil.example"},
        {"path": "/%00", "target": "/%00"},
    ]
    answer = await put(staff, "redirects", items=wanted)
    refused = {each["index"] for each in answer["refused"]}
    assert 8 in refused
    assert answer["written"] + len(refused) == len(wanted)

    assert await moved(buyer, "/shop/mug.html") == (301, "/products/mug")
    assert await moved(buyer, "/shop/mug.html?utm=1") == (301, "/products/mug")
    assert await moved(buyer, "/index.php?id=7") == (302, "/products/book")
    assert await moved(buyer, "/index.php?id=8") == (404, "")
    assert await moved(buyer, "/T%C3%BCren") == (301, "https://example.com/t%C3%BCren")
    assert await moved(buyer, "/products/old-mug") == (301, "/products/mug")
    assert (await buyer.get("/products/mug")).status == 200
    assert (await buyer.get("/closed")).refusal == (410, "gone")
    page = await buyer.ask("GET", "/closed", headers={"Accept": "text/html"})
    assert (page.status, page.headers["Content-Type"]) == (410, "text/html; charset=utf-8")
    head = await buyer.ask("HEAD", "/shop/mug.html", follow=False)
    assert (head.status, head.headers["Location"]) == (301, "/products/mug")
    assert (await buyer.ask("POST", "/shop/mug.html", {}, follow=False)).status in (404, 405)

    listed = await staff.ask("GET", f"{ADMIN}/redirects?begins=/shop")
    assert [each["path"] for each in listed.good["items"]] == ["/shop/mug.html"]
    assert (await staff.ask("DELETE", f"{ADMIN}/redirects?path=/shop/mug.html")).status == 204
    assert (await staff.ask("DELETE", f"{ADMIN}/redirects?path=/shop/mug.html")).refusal == (404, "not_found")
    assert await moved(buyer, "/shop/mug.html") == (404, "")
