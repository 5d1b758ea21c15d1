"""Attributes and types of products, over HTTP: defined, filled in, shown, changed, undone, and kept while in use."""

import asyncio
from typing import Any

from bus.messages.base import Money
from bus.messages.catalog_imports import ImportSkus, SkuRow
from tests.journeys.people import Answer, Customer, Staff

PRODUCTS = "/admin/api/products"
ATTRIBUTES = "/admin/api/attributes"
TYPES = "/admin/api/types"


def rug(product_id: str = "RUG", *, sku: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    part = {"sku": product_id, "price": {"amount": 4900, "currency": "EUR"}, "weight_g": 900, "attributes": sku or {}}
    own = {"id": product_id, "slug": product_id.lower(), "title": "Rug", "category": "Home"}
    return {**own, "skus": [part], **fields}


async def define(staff: Staff, key: str, kind: str, **fields: Any) -> None:
    made = await staff.ask("POST", ATTRIBUTES, {"key": key, "title": key.title(), "kind": kind, **fields})
    assert made.status == 201, made.body


async def define_all(staff: Staff) -> None:
    await define(staff, "material", "choice", choices=["wool", "cotton"], filterable=True, place=1)
    await define(staff, "width", "number", unit="cm", place=2)
    await define(staff, "washable", "boolean", of_sku=True)


async def test_attributes_are_written_shown_changed_and_undone(staff: Staff, buyer: Customer) -> None:
    await define_all(staff)
    made = await staff.ask(
        "POST", PRODUCTS, rug(attributes={"material": "wool", "width": 120.0}, sku={"washable": False})
    )
    assert made.status == 201, made.body

    shown = (await buyer.get("/products/rug")).good
    assert shown["attributes"] == {"material": "wool", "width": 120}
    assert shown["skus"][0]["attributes"] == {"washable": False}
    named = (await buyer.get("/attributes")).good["items"]
    assert [each["key"] for each in named] == ["washable", "material", "width"]
    assert (named[2]["title"], named[2]["unit"], named[1]["choices"]) == ("Width", "cm", ["wool", "cotton"])

    changed = await staff.ask("PATCH", f"{PRODUCTS}/RUG", {"attributes": {"material": "cotton"}})
    assert changed.good["attributes"] == {"material": "cotton"}
    history = (await staff.get(f"{PRODUCTS}/RUG/history")).good["items"]
    (field,) = history[0]["fields"]
    assert (field["field"], field["after"]) == ("attributes", {"material": "cotton"})
    undone = await staff.ask("POST", f"{PRODUCTS}/RUG/history/{history[0]['revision']}/undo")
    assert undone.good["product"]["attributes"] == {"material": "wool", "width": 120}


async def test_all_faults_are_told_at_once(staff: Staff) -> None:
    await define_all(staff)
    bad = rug(attributes={"material": "silk", "width": "wide", "colour": "red"}, sku={"washable": 1})

    refused = await staff.ask("POST", PRODUCTS, bad)

    assert refused.refusal == (422, "invalid")
    for named in ("material must be", "width must be", "colour is not known", "skus.RUG.washable must be"):
        assert named in refused.json["detail"]
    assert (await staff.get(f"{PRODUCTS}/RUG")).status == 404


async def test_a_definition_in_use_stays(staff: Staff) -> None:
    await define_all(staff)
    _ = (await staff.ask("POST", PRODUCTS, rug(attributes={"material": "wool"}, sku={"washable": True}))).good

    def material(**fields: Any) -> dict[str, Any]:
        return {"title": "Made of", "kind": "choice", "choices": ["wool", "cotton"], "filterable": True, **fields}

    removed = await staff.ask("DELETE", f"{ATTRIBUTES}/material")
    assert removed.refusal == (409, "in_use")
    assert removed.json["products"] == ["RUG"]
    for change in (material(kind="text", choices=[]), material(of_sku=True), material(choices=["cotton"])):
        assert (await staff.ask("PUT", f"{ATTRIBUTES}/material", change)).refusal == (409, "in_use")
    assert (await staff.ask("DELETE", f"{ATTRIBUTES}/washable")).refusal == (409, "in_use")
    widened = await staff.ask("PUT", f"{ATTRIBUTES}/material", material(choices=["linen", "wool"]))
    assert widened.good["choices"] == ["linen", "wool"]
    assert (await staff.ask("DELETE", f"{ATTRIBUTES}/width")).status == 204
    assert (await staff.ask("DELETE", f"{ATTRIBUTES}/width")).refusal == (404, "not_found")
    again = await staff.ask("POST", ATTRIBUTES, {"key": "material", "title": "M", "kind": "text"})
    assert again.refusal == (409, "attribute_exists") or again.refusal == (409, "in_use")
    assert (await staff.ask("PUT", f"{ATTRIBUTES}/Bad-Key", material())).refusal == (422, "invalid")


async def make_type(staff: Staff) -> None:
    await define_all(staff)
    parts = [
        {"key": "material", "required": True, "value": "cotton"},
        {"key": "width", "required": True},
        {"key": "washable", "required": True},
    ]
    made = await staff.ask("PUT", f"{TYPES}/rugs", {"title": "Rugs", "options": ["Size"], "attributes": parts})
    assert made.good["attributes"][0] == {"key": "material", "required": True, "value": "cotton"}


async def test_a_type_advises_and_publishing_lists_what_is_missing(staff: Staff) -> None:
    await make_type(staff)
    draft = rug(type_id="rugs", status="draft", attributes={"material": "wool"})
    assert (await staff.ask("POST", PRODUCTS, draft)).good["type_id"] == "rugs"

    refused = await staff.ask("POST", f"{PRODUCTS}/RUG/publish")
    assert refused.refusal == (409, "not_complete")
    assert refused.json["missing"] == ["width", "skus.RUG.washable"]
    assert (await staff.get(f"{PRODUCTS}/RUG")).good["status"] == "draft"

    forced = await staff.ask("POST", f"{PRODUCTS}/RUG/publish?even_incomplete=true")
    assert forced.good["status"] == "active"
    other = rug(
        "MAT", type_id="rugs", status="draft", attributes={"material": "wool", "width": 9}, sku={"washable": True}
    )
    _ = (await staff.ask("POST", PRODUCTS, other)).good
    assert (await staff.ask("POST", f"{PRODUCTS}/MAT/publish")).good["status"] == "active"
    assert (await staff.ask("POST", PRODUCTS, rug("NONE", type_id="beds"))).refusal == (422, "invalid")
    assert (await staff.ask("POST", f"{PRODUCTS}/NONE/publish")).refusal == (404, "not_found")


async def test_a_type_is_applied_when_asked_and_adds_only(staff: Staff) -> None:
    await make_type(staff)
    for name, values in (("A", {}), ("B", {"material": "wool", "width": 5}), ("C", {"width": 7})):
        body = rug(name, type_id="rugs", attributes=values, sku={"washable": True})
        _ = (await staff.ask("POST", PRODUCTS, body)).good

    async def shown() -> list[Any]:
        return [(await staff.get(f"{PRODUCTS}/{name}")).good["attributes"] for name in "ABC"]

    before = await shown()
    preview = (await staff.ask("POST", f"{TYPES}/rugs/apply")).good
    assert await shown() == before
    assert preview["items"] == [
        {"id": "A", "added": {"material": "cotton"}, "missing": ["width"]},
        {"id": "C", "added": {"material": "cotton"}, "missing": []},
    ]
    assert (await staff.ask("POST", f"{TYPES}/rugs/apply?dry_run=false")).good == preview
    assert await shown() == [
        {"material": "cotton"}, {"material": "wool", "width": 5}, {"material": "cotton", "width": 7},
    ]  # fmt: skip
    assert (await staff.ask("DELETE", f"{TYPES}/rugs")).refusal == (409, "in_use")
    assert (await staff.ask("DELETE", f"{TYPES}/beds")).refusal == (404, "not_found")
    assert (await staff.ask("POST", f"{TYPES}/beds/apply")).refusal == (404, "not_found")
    _ = (await staff.ask("PUT", f"{TYPES}/empty", {"title": "Empty"})).good
    assert (await staff.ask("PUT", f"{TYPES}/other", {"title": "Empty"})).refusal == (422, "invalid")
    assert (await staff.ask("DELETE", f"{TYPES}/empty")).status == 204
    assert [each["id"] for each in (await staff.get(TYPES)).good["items"]] == ["rugs"]


async def test_an_attribute_that_a_type_names_stays(staff: Staff) -> None:
    await make_type(staff)

    assert (await staff.ask("DELETE", f"{ATTRIBUTES}/width")).refusal == (409, "in_use")
    fewer = {"title": "Material", "kind": "choice", "choices": ["wool"]}
    assert (await staff.ask("PUT", f"{ATTRIBUTES}/material", fewer)).refusal == (409, "in_use")


async def test_an_import_writes_attributes(staff: Staff) -> None:
    await define_all(staff)
    row = SkuRow(
        product_id="RUG", slug="rug", title="Rug", category="Home", description="", sku="RUG", sku_title="",
        price=Money(amount=1, currency="EUR"), weight_g=1, attributes={"width": "80", "washable": "yes"},
    )  # fmt: skip
    wrong = SkuRow(
        product_id="MAT", slug="mat", title="Mat", category="Home", description="", sku="MAT", sku_title="",
        price=Money(amount=1, currency="EUR"), weight_g=1, attributes={"width": "wide"},
    )  # fmt: skip

    done = await staff.shop.ask(ImportSkus(rows=(row, wrong)))

    assert done.written == 1
    assert [place for place, _ in done.refused] == [1]
    shown = (await staff.get(f"{PRODUCTS}/RUG")).good
    assert (shown["attributes"], shown["skus"][0]["attributes"]) == ({"width": 80}, {"washable": True})


async def test_only_staff_define(buyer: Customer) -> None:
    answers: list[Answer] = [
        await buyer.get(ATTRIBUTES),
        await buyer.ask("PUT", f"{ATTRIBUTES}/material", {"title": "M", "kind": "text"}),
        await buyer.ask("DELETE", f"{TYPES}/rugs"),
    ]
    assert {answer.status for answer in answers} == {401}


def seen(revision: object) -> dict[str, str]:
    return {"If-Match": f'"{revision}"'}


async def test_of_two_who_change_a_definition_the_second_is_told(staff: Staff) -> None:
    await define(staff, "width", "number")
    path, body = f"{ATTRIBUTES}/width", {"title": "Width", "kind": "number"}
    read = await staff.get(path)
    assert (read.good["revision"], read.headers["ETag"], read.good["products"]) == (1, '"1"', 0)

    first = await staff.ask("PUT", path, {**body, "unit": "cm"}, headers=seen(1))
    second = await staff.ask("PUT", path, {**body, "unit": "mm"}, headers=seen(1))

    assert (first.good["revision"], first.headers["ETag"]) == (2, '"2"')
    assert (second.refusal, second.json["revision"]) == ((412, "changed_meanwhile"), 2)
    assert (await staff.ask("DELETE", path, headers=seen(1))).refusal == (412, "changed_meanwhile")
    assert (await staff.get(path)).good["unit"] == "cm"
    assert (await staff.ask("PUT", path, body)).good["revision"] == 3  # Programs may write over what is there.
    assert (await staff.ask("DELETE", path, headers=seen(3))).status == 204
    assert (await staff.get(path)).refusal == (404, "not_found")
    assert (await staff.ask("PUT", path, body, headers=seen(3))).refusal == (412, "changed_meanwhile")


async def test_of_two_who_change_a_type_the_second_is_told(staff: Staff) -> None:
    path = f"{TYPES}/rugs"
    made = await staff.ask("PUT", path, {"title": "Rugs"}, headers=seen(0))
    assert (made.good["revision"], made.headers["ETag"]) == (1, '"1"')
    assert (await staff.ask("PUT", path, {"title": "Mats"}, headers=seen(0))).refusal == (412, "changed_meanwhile")

    first = await staff.ask("PUT", path, {"title": "Carpets"}, headers=seen(1))
    second = await staff.ask("PUT", path, {"title": "Mats"}, headers=seen(1))

    assert first.good["revision"] == 2
    assert (second.refusal, second.json["revision"]) == ((412, "changed_meanwhile"), 2)
    assert (await staff.ask("DELETE", path, headers=seen(1))).refusal == (412, "changed_meanwhile")
    read = await staff.get(path)
    assert (read.good["title"], read.good["products"], read.headers["ETag"]) == ("Carpets", 0, '"2"')
    assert (await staff.ask("DELETE", path, headers=seen(2))).status == 204
    assert (await staff.get(path)).refusal == (404, "not_found")


async def test_of_two_who_add_one_name_the_second_is_told(staff: Staff) -> None:
    attribute = {"key": "width", "title": "Width", "kind": "number"}
    kind = {"id": "rugs", "title": "Rugs"}
    for path, body, code in ((ATTRIBUTES, attribute, "attribute_exists"), (TYPES, kind, "type_exists")):
        answers = await asyncio.gather(*(staff.ask("POST", path, body) for _ in range(2)))

        assert sorted(each.status for each in answers) == [201, 409]
        assert max(answers, key=lambda each: each.status).refusal == (409, code)
        assert [each["revision"] for each in (await staff.get(path)).good["items"]] == [1]


async def test_users_of_definitions_are_counted_each_once(staff: Staff) -> None:
    await make_type(staff)
    for name, values, of_sku in (
        ("A", {"material": "wool"}, {"washable": True}),
        ("B", {}, {}),
        ("C", {"width": 1}, {}),
    ):
        made = await staff.ask("POST", PRODUCTS, rug(name, type_id="rugs", attributes=values, sku=of_sku))
        assert made.status == 201, made.body

    counts = [(await staff.get(f"{ATTRIBUTES}/{key}")).good["products"] for key in ("material", "width", "washable")]

    assert counts == [1, 1, 1]
    assert (await staff.get(f"{TYPES}/rugs")).good["products"] == 3
