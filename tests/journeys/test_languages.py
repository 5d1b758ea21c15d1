"""Products in other languages, over HTTP."""

from tests.journeys.people import Customer, Json, Staff

PRODUCTS = "/admin/api/products"


async def translate(staff: Staff, locale: str, **body: object) -> Json:
    return (await staff.ask("PUT", f"{PRODUCTS}/MUG/translations/{locale}", body)).good


async def test_a_reader_gets_the_language_that_is_there(staff: Staff, buyer: Customer) -> None:
    await translate(staff, "de", title="Becher", description="Aus Ton", slug="becher")
    await translate(staff, "pt-BR", title="Caneca")

    async def title(path: str, accepted: str = "") -> str:
        headers = {"Accept-Language": accepted} if accepted else {}
        answer = await buyer.ask("GET", path, headers=headers)
        assert "Accept-Language" in ", ".join(answer.headers.getall("Vary"))
        shown = answer.good
        return str(shown["title"] if "title" in shown else shown["items"][0]["title"])

    assert await title("/products/mug") == "Mug"
    assert await title("/products/mug", "de-AT,de;q=0.9,en;q=0.5") == "Becher"
    assert await title("/products/mug", "en,de") == "Mug"
    assert await title("/products/mug?locale=pt-BR", "de") == "Caneca"
    assert await title("/products/mug?locale=pt") == "Mug"
    assert await title("/products/becher", "fr,de") == "Becher"
    assert await title("/products?q=mug", "de") == "Becher"
    shown = (await buyer.get("/products/becher?locale=de")).good
    assert (shown["id"], shown["slug"], shown["description"]) == ("MUG", "becher", "Aus Ton")
    assert (await buyer.get("/products/mug?locale=xx_YY")).status in (400, 422)

    listed = (await staff.ask("GET", f"{PRODUCTS}/MUG/translations")).good["items"]
    assert [(each["locale"], each["outdated"]) for each in listed] == [("de", False), ("pt-BR", False)]
    _ = (await staff.ask("PATCH", f"{PRODUCTS}/MUG", {"brand": "Acme"})).good
    _ = (await staff.ask("PATCH", f"{PRODUCTS}/MUG", {"seo_title": "Buy a mug"})).good
    again = await translate(staff, "de", title="Becher")
    assert (again["outdated"], again["slug"]) == (False, "")
    listed = (await staff.ask("GET", f"{PRODUCTS}/MUG/translations")).good["items"]
    assert [(each["locale"], each["outdated"]) for each in listed] == [("de", False), ("pt-BR", True)]
    former = await buyer.ask("GET", "/products/becher", follow=False)
    assert (former.status, former.headers["Location"]) == (301, "/products/mug")

    assert (await staff.ask("DELETE", f"{PRODUCTS}/MUG/translations/de")).status == 204
    assert (await staff.ask("DELETE", f"{PRODUCTS}/MUG/translations/de")).refusal == (404, "not_found")
    assert await title("/products/mug", "de") == "Mug"
    assert (await staff.ask("PUT", f"{PRODUCTS}/MUG/translations/de", {"slug": "book"})).refusal == (409, "path_taken")
    assert (await staff.ask("PUT", f"{PRODUCTS}/MUG/translations/en", {})).refusal == (422, "invalid")
    assert (await staff.ask("PUT", f"{PRODUCTS}/NONE/translations/de", {})).refusal == (404, "not_found")


async def test_categories_collections_and_facets_are_shown_in_the_language_that_is_there(
    staff: Staff, buyer: Customer
) -> None:
    async def put(path: str, **body: object) -> Json:
        return (await staff.ask("PUT", f"/admin/api{path}", body)).good

    await put("/categories/clothing", slug="clothing", title="Clothing", description="To wear.")
    await put("/categories/shirts", slug="shirts", title="Shirts", parent="clothing")
    await put("/collections/sale", slug="sale", title="Sale", items=["MUG"])
    wool = {"key": "material", "title": "Material", "kind": "choice", "choices": ["clay"], "filterable": True}
    _ = (await staff.ask("POST", "/admin/api/attributes", wool)).good
    product = {"attributes": {"material": "clay"}, "categories": ["shirts"]}
    _ = (await staff.ask("PATCH", f"{PRODUCTS}/MUG", product)).good
    await staff.shop.settle()

    await put("/categories/clothing/translations/de", title="Kleidung", description="Zum Anziehen.", slug="kleidung")
    hemden = await put("/categories/shirts/translations/de", title="Hemden", slug="kleidung/hemden")
    assert (hemden["outdated"], hemden["of_revision"], hemden["words"]) == (False, 1, {})
    await put("/collections/sale/translations/de", title="Ausverkauf", slug="ausverkauf")
    await put("/attributes/material/translations/de", title="Stoff", words={"clay": "Ton"})

    tree = (await buyer.ask("GET", "/categories", headers={"Accept-Language": "de-AT,en;q=0.5"})).good["items"]
    shown = {each["id"]: (each["title"], each["path"]) for each in tree}
    assert (shown["clothing"], shown["shirts"]) == (("Kleidung", "kleidung"), ("Hemden", "kleidung/hemden"))
    assert {each["id"]: each["path"] for each in (await buyer.get("/categories")).good["items"]}["shirts"] == (
        "clothing/shirts"
    )
    kleidung = (await buyer.get("/categories/kleidung?locale=de")).good
    assert (kleidung["title"], kleidung["description"]) == ("Kleidung", "Zum Anziehen.")
    assert [each["path"] for each in kleidung["children"]] == ["kleidung/hemden"]
    below = (await buyer.get("/categories/kleidung/hemden")).good  # By any name, in the language that is asked for.
    assert (below["title"], below["above"][0]["title"]) == ("Shirts", "Clothing")
    assert [each["id"] for each in (await buyer.get("/products?category=kleidung/hemden")).good["items"]] == ["MUG"]

    sale = (await buyer.get("/collections/ausverkauf?locale=de")).good
    assert (sale["title"], sale["slug"], sale["items"][0]["id"]) == ("Ausverkauf", "ausverkauf", "MUG")
    assert (await buyer.get("/collections/sale")).good["title"] == "Sale"

    facets = {each["name"]: each for each in (await buyer.get("/products?locale=de")).good["facets"]}
    assert facets["material"]["title"] == "Stoff"
    assert facets["material"]["values"] == [{"value": "clay", "title": "Ton", "count": 1}]
    assert "Hemden" in [each["title"] for each in facets["category"]["values"]]
    found = (await buyer.get("/products?locale=de&f.material=clay")).good["items"]
    assert [each["id"] for each in found] == ["MUG"]

    await put("/categories/shirts/translations/de", title="Hemden", slug="hemden")
    former = await buyer.ask("GET", "/categories/kleidung/hemden", follow=False)
    assert (former.status, former.headers["Location"]) == (301, "/categories/clothing/shirts")
    await put("/categories/shirts", slug="shirts", title="All shirts", parent="clothing")
    listed = (await staff.get("/admin/api/categories/shirts/translations")).good
    assert (listed["revision"], [each["outdated"] for each in listed["items"]]) == (2, [True])
    assert (await staff.ask("DELETE", "/admin/api/categories/shirts/translations/de")).status == 204
    assert (await staff.ask("DELETE", "/admin/api/categories/shirts/translations/de")).refusal == (404, "not_found")
    assert (await staff.get("/admin/api/collections/none/translations")).refusal == (404, "not_found")
    taken = await staff.ask("PUT", "/admin/api/collections/other", {"slug": "ausverkauf", "title": "Other"})
    assert taken.refusal == (409, "path_taken")
