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
