"""The owner's screens of goods, as somebody without scripts uses them: made, changed, refused, removed."""

from pathlib import Path

import aiohttp
import pytest

from testkit import ShopUnderTest
from tests.html_validator import faults_of
from tests.journeys.reader import Page, Reader
from tests.journeys.staff_people import Colleague, colleague


@pytest.fixture
async def owner(shop: ShopUnderTest, http: aiohttp.ClientSession) -> Colleague:
    return await colleague(shop, http)


@pytest.fixture
def reader(shop: ShopUnderTest, http: aiohttp.ClientSession, owner: Colleague) -> Reader:
    return as_reader(shop, http, owner)


def as_reader(shop: ShopUnderTest, http: aiohttp.ClientSession, person: Colleague) -> Reader:
    reader = Reader(shop, http)
    reader.cookies["staff"] = person.token
    return reader


# --- Collections ---


async def new_collection(reader: Reader, title: str = "For the lake") -> Page:
    page = await reader.get("/admin/collections")
    return await reader.submit(page, "new-collection", "add-collection", title=title)


async def add_by_hand(reader: Reader, page: Page, product_id: str) -> Page:
    found = await reader.submit(page, "find-products", "find-product", q=product_id)
    return await reader.submit(found, "choices", f"add-{product_id}")


async def test_a_collection_is_made_ordered_and_removed(reader: Reader, owner: Colleague) -> None:
    page = await new_collection(reader)
    assert (page.status, page.headings) == (200, ["For the lake"])
    assert 'data-testid="empty"' in page.text
    for product_id in ("MUG", "LAMP", "BOOK"):
        page = await add_by_hand(reader, page, product_id)

    page = await reader.submit(page, "members", "save-members", **{"place.BOOK": "1", "drop": "LAMP"})

    path = page.path.partition("?")[0].removeprefix("/admin/collections/")
    assert (await owner.get(f"/admin/api/collections/{path}")).good["items"] == ["BOOK", "MUG"]
    preview = page.text[page.text.index('data-testid="preview"') :]
    assert preview.index('data-product="BOOK"') < preview.index('data-product="MUG"')

    gone = await reader.submit(page, "collection", "remove-collection")

    assert (gone.path, "For the lake" in gone.text) == ("/admin/collections", False)
    assert (await owner.get("/products/MUG")).status == 200


async def test_a_collections_search_is_set_and_one_that_cannot_be_read_is_shown_again(
    reader: Reader, owner: Colleague
) -> None:
    page = await new_collection(reader)

    saved = await reader.submit(
        page, "collection", "save-collection", q="mug", price_to="99,50", description="Warm\r\nthings", sort="price"
    )

    path = saved.path.partition("?")[0].removeprefix("/admin/collections/")
    kept = (await owner.get(f"/admin/api/collections/{path}")).good
    assert (kept["rule"]["q"], kept["rule"]["price_to"], kept["rule"]["sort"]) == ("mug", 9950, "price")
    assert kept["description"] == "Warm\nthings"
    assert dict(saved.form("collection").fields)["price_to"] == "99.50"

    for field, typed in (("price_to", "cheap"), ("filters", "brand"), ("filters", "no_such: thing")):
        refused = await reader.submit(saved, "collection", "save-collection", title="Warm", **{field: typed})
        assert (refused.status, len(refused.alerts)) == (422, 1), field
        fields = dict(refused.form("collection").fields)
        assert (fields["title"], fields[field]) == ("Warm", typed)
    assert "no_such" in refused.alerts[0]
    assert (await owner.get(f"/admin/api/collections/{path}")).good == kept


async def test_of_two_editors_of_a_collection_the_second_is_told_and_what_was_chosen_by_hand_is_nobodys_way(
    reader: Reader, owner: Colleague
) -> None:
    page = await new_collection(reader)
    path = page.path.partition("?")[0].removeprefix("/admin/collections/")
    _ = await add_by_hand(reader, page, "MUG")
    _ = await reader.submit(page, "collection", "save-collection", description="First")

    both = await reader.submit(page, "collection", "save-collection", title="Second")
    assert both.status == 200  # The one has changed the description, the other the title.
    kept = (await owner.get(f"/admin/api/collections/{path}")).good
    assert (kept["title"], kept["description"], kept["items"]) == ("Second", "First", ["MUG"])

    late = await reader.submit(page, "collection", "save-collection", title="Third", description="Mine")
    assert (late.status, dict(late.form("collection").fields)["title"]) == (412, "Third")
    assert "Second" in late.text  # Theirs stands beside.
    assert (await owner.get(f"/admin/api/collections/{path}")).good == kept
    again = await reader.submit(late, "collection", "save-collection")
    assert again.status == 200
    assert (await owner.get(f"/admin/api/collections/{path}")).good["title"] == "Third"


async def test_an_order_by_hand_is_set_only_of_what_was_seen(reader: Reader, owner: Colleague) -> None:
    page = await new_collection(reader)
    for product_id in ("MUG", "LAMP"):
        page = await add_by_hand(reader, page, product_id)
    path = page.path.partition("?")[0].removeprefix("/admin/collections/")
    _ = await reader.submit(page, "members", "save-members", **{"place.LAMP": "1"})

    late = await reader.submit(page, "members", "save-members", drop="LAMP")

    assert late.status == 412
    assert (await owner.get(f"/admin/api/collections/{path}")).good["items"] == ["LAMP", "MUG"]


async def test_a_collection_is_changed_only_as_it_was_seen(owner: Colleague) -> None:
    path, body = "/admin/api/collections/lake", {"slug": "lake", "title": "For the lake"}
    made = (await owner.ask("PUT", path, body, headers={"If-Match": '"0"'})).good
    changed = (
        await owner.ask("PUT", path, {**body, "title": "Lake"}, headers={"If-Match": f'"{made["revision"]}"'})
    ).good

    assert changed["revision"] == made["revision"] + 1
    for seen in ('"0"', f'"{made["revision"]}"', "none"):
        assert (await owner.ask("PUT", path, body, headers={"If-Match": seen})).refusal == (412, "changed_meanwhile")
    assert (await owner.ask("PUT", path, body)).good["title"] == "For the lake"


async def test_an_address_of_another_collection_is_refused_with_its_name(reader: Reader) -> None:
    _ = await new_collection(reader)

    refused = await new_collection(reader)

    assert refused.status == 409
    assert "for-the-lake" in refused.alerts[0]
    assert dict(refused.form("new-collection").fields)["title"] == "For the lake"


async def test_what_buyers_do_not_see_yet_has_no_preview(reader: Reader) -> None:
    page = await new_collection(reader)

    later = await reader.submit(page, "collection", "save-collection", publish_at="2999-01-01T00:00")

    assert 'data-testid="hidden"' in later.text
    assert "Hidden" in (await reader.get("/admin/collections")).text


async def test_who_may_not_write_content_changes_no_collection(
    shop: ShopUnderTest, http: aiohttp.ClientSession, reader: Reader
) -> None:
    page = await new_collection(reader)
    stranger = as_reader(shop, http, await colleague(shop, http, "support"))

    seen = await stranger.get("/admin/collections")
    sent = await stranger.submit(page, "collection", "remove-collection")

    assert (seen.status, sent.status) == (403, 403)
    assert "For the lake" in (await reader.get("/admin/collections")).text


# --- Attributes, kinds of product, and what the product's form asks by them ---


async def add_attribute(reader: Reader, title: str, **fields: str) -> Page:
    page = await reader.get("/admin/attributes")
    return await reader.submit(page, "new-attribute", "add-attribute", title=title, **fields)


async def add_kind(reader: Reader, title: str = "Rugs", **fields: str) -> Page:
    return await reader.submit(await reader.get("/admin/types"), "new-kind", "add-kind", title=title, **fields)


async def product_of_a_kind(reader: Reader) -> Page:
    """The form of the mug, which is of a kind with a material for itself, and a width of each article."""
    await add_attribute(reader, "Material", kind="choice", choices="wool\r\ncotton, organic")
    await add_attribute(reader, "Width", kind="number", unit="cm", of_sku="yes")
    kind = await add_kind(reader, **{"has.material": "needed", "has.width": "yes", "value.material": "wool"})
    page = await reader.get("/admin/products/MUG")
    return await reader.submit(page, "details", "save-details", type_id=kind.path.partition("id=")[2].split("&")[0])


async def test_an_attribute_is_defined_changed_and_removed(reader: Reader, owner: Colleague) -> None:
    page = await add_attribute(reader, "Made of", kind="choice", choices="wool\r\ncotton, organic\r\nwool", place="2")
    assert dict(page.form("attribute").fields)["key"] == "made_of"

    page = await reader.submit(page, "attribute", "save-attribute", title="Material", filterable="yes")

    (kept,) = (await owner.get("/admin/api/attributes")).good["items"]
    assert kept == {
        "key": "made_of", "title": "Material", "kind": "choice", "choices": ["wool", "cotton, organic"], "unit": "",
        "of_sku": False, "filterable": True, "searchable": False, "place": 2, "revision": 2,
    }  # fmt: skip
    sure = await reader.get("/admin/attributes/remove?key=made_of")
    assert "/admin/attributes/remove?key=made_of" in page.links
    assert (sure.headings, "No product uses it." in sure.text) == (["Remove Material?"], True)
    gone = await reader.submit(sure, "sure", "yes")
    assert gone.status == 200
    assert (await owner.get("/admin/api/attributes")).good["items"] == []


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"kind": "choice"}, "A choice needs something to choose from."),
        ({"key": "price"}, "price has a meaning of its own"),
        ({"key": "Ä b"}, "key"),
        ({"place": "first"}, "Please look at this field again."),
    ],
)
async def test_an_attribute_that_cannot_be_is_shown_again_with_the_reason(
    reader: Reader, fields: dict[str, str], said: str
) -> None:
    refused = await add_attribute(reader, "Width", **fields)

    assert refused.status == 422
    assert said in refused.alerts[0]
    shown = dict(refused.form("new-attribute").fields)
    assert {name: shown[name] for name in fields} == fields


async def test_what_is_in_use_is_kept_and_its_users_are_named(reader: Reader) -> None:
    page = await product_of_a_kind(reader)
    taken = await add_attribute(reader, "Material")
    by_kind = await reader.get("/admin/attributes/remove?key=material")
    named = await reader.submit(by_kind, "sure", do="remove")
    _ = await reader.submit(page, "details", "save-details", **{"a.material": "cotton, organic"})

    by_product = await reader.get("/admin/attributes/remove?key=material")
    used = await reader.submit(by_product, "sure", do="remove")
    fewer = await reader.submit(
        await reader.get("/admin/attributes?key=material"), "attribute", "save-attribute", choices="wool"
    )
    of_kind = await reader.get("/admin/types/remove?id=rugs")
    kind = await reader.submit(of_kind, "sure", do="remove")

    assert [each.status for each in (taken, named, used, fewer, kind)] == [409] * 5
    assert [each.form("sure").buttons for each in (by_kind, by_product, of_kind)] == [{}, {}, {}]
    assert "Kinds of product that have it: Rugs" in by_kind.text
    assert all("1 product uses it." in each.text for each in (by_product, of_kind))
    assert taken.alerts == ["There is such an attribute already."]
    assert named.alerts == ["A kind of product still has this."]
    assert used.alerts == fewer.alerts == kind.alerts == ["Products still use this. MUG"]
    assert dict(fewer.form("attribute").fields)["choices"] == "wool"


async def test_a_kind_is_made_changed_and_removed(reader: Reader, owner: Colleague) -> None:
    await add_attribute(reader, "Width", kind="number")
    page = await add_kind(reader, options="Size, Colour", **{"has.width": "needed", "value.width": "12,5"})
    refused = await reader.submit(page, "kind", "save-kind", **{"value.width": "wide"})
    again = await add_kind(reader)
    other = await add_kind(reader, "Rugs!")

    (kept, _) = (await owner.get("/admin/api/types")).good["items"]
    assert kept == {
        "id": "rugs", "title": "Rugs", "options": ["Size", "Colour"],
        "attributes": [{"key": "width", "required": True, "value": 12.5}], "revision": 1,
    }  # fmt: skip
    assert (refused.status, dict(refused.form("kind").fields)["value.width"]) == (422, "wide")
    assert (again.status, "another type is called Rugs" in again.alerts[0]) == (422, True)
    assert "id=rugs-2" in other.path
    changed = await reader.submit(page, "kind", "save-kind", title="Carpets", **{"has.width": ""})
    assert dict(changed.form("kind").fields)["has.width"] == ""
    assert "/admin/types/remove?id=rugs" in changed.links
    _ = await reader.submit(await reader.get("/admin/types/remove?id=rugs"), "sure", "yes")
    assert [each["id"] for each in (await owner.get("/admin/api/types")).good["items"]] == ["rugs-2"]


async def test_a_products_form_asks_for_what_its_kind_has(reader: Reader, owner: Colleague) -> None:
    page = await product_of_a_kind(reader)

    page = await reader.submit(page, "details", "save-details", **{"a.material": "cotton, organic"})
    page = await reader.submit(page, "skus", "save-skus", **{"a:width.MUG": "8,5", "price.MUG": "15"})
    wrong = await reader.submit(page, "skus", "save-skus", **{"a:width.MUG": "inf"})

    product = (await owner.get("/admin/api/products/MUG")).good
    assert product["attributes"] == {"material": "cotton, organic"}
    assert (product["skus"][0]["attributes"], product["skus"][0]["price"]["amount"]) == ({"width": 8.5}, 1500)
    assert (wrong.status, dict(wrong.form("skus").fields)["a:width.MUG"]) == (422, "inf")
    assert 'name="a:width.MUG" value="inf"' in wrong.text


@pytest.mark.parametrize(("path", "form"), [("/admin/attributes", "attribute"), ("/admin/types", "kind")])
async def test_who_may_only_read_products_sees_definitions_and_changes_none(
    shop: ShopUnderTest, http: aiohttp.ClientSession, reader: Reader, path: str, form: str
) -> None:
    page = await (add_kind(reader) if form == "kind" else add_attribute(reader, "Width"))
    stranger = as_reader(shop, http, await colleague(shop, http, "support"))

    seen = await stranger.get(page.path)
    sure = await stranger.get(next(each for each in page.links if "/remove?" in each))
    sent = [await stranger.submit(page, form, f"save-{form}", title="Mine")]
    sent.append(await stranger.submit(sure, "sure", do="remove"))

    assert (seen.status, seen.form(form).buttons, sure.form("sure").buttons) == (200, {}, {})
    assert [each.status for each in sent] == [403, 403]
    assert (await reader.get(page.path)).form(form).buttons


# --- What buyers tell with a product ---


async def test_what_buyers_tell_is_set_row_by_row(reader: Reader, owner: Colleague) -> None:
    page = await reader.get("/admin/products/MUG")
    page = await reader.submit(
        page, "inputs", "save-inputs", **{"title.0": "Your engraving", "surcharge.0": "4,50", "required.0": "yes"}
    )
    page = await reader.submit(
        page, "inputs", "save-inputs", **{"title.1": "Colour", "kind.1": "choice", "choices.1": "Red, matt\r\nBlue"}
    )

    shop = (await owner.get("/products/MUG")).good["inputs"]
    engraving, colour = (
        {"key": "your_engraving", "title": "Your engraving", "kind": "text", "choices": [], "max_length": 100,
         "surcharge": {"amount": 450, "currency": "EUR"}, "required": True},
        {"key": "colour", "title": "Colour", "kind": "choice", "choices": ["Red, matt", "Blue"], "max_length": 100,
         "surcharge": None, "required": False},
    )  # fmt: skip
    assert shop == [engraving, colour]
    assert dict(page.form("inputs").fields)["title.2"] == ""

    page = await reader.submit(page, "inputs", "save-inputs", **{"title.0": "", "title.1": "Finish"})

    assert (await owner.get("/products/MUG")).good["inputs"] == [colour | {"title": "Finish"}]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"kind.0": "choice"}, "choices"),
        ({"surcharge.0": "much"}, "Please look at this field again."),
        ({"max_length.0": "501"}, "500"),
        ({"key.0": "Ä"}, "key"),
    ],
)
async def test_what_buyers_cannot_be_asked_is_shown_again_with_the_reason(
    reader: Reader, owner: Colleague, fields: dict[str, str], said: str
) -> None:
    page = await reader.get("/admin/products/MUG")

    refused = await reader.submit(page, "inputs", "save-inputs", **{"title.0": "Engraving", **fields})

    assert refused.status == 422
    assert said in refused.alerts[0]
    shown = dict(refused.form("inputs").fields)
    assert {name: shown[name] for name in fields} == fields
    assert (await owner.get("/products/MUG")).good["inputs"] == []


async def test_of_two_who_ask_buyers_something_the_second_is_told(reader: Reader, owner: Colleague) -> None:
    page = await reader.get("/admin/products/MUG")
    _ = await reader.submit(page, "inputs", "save-inputs", **{"title.0": "Name"})

    late = await reader.submit(page, "inputs", "save-inputs", **{"title.0": "Date"})

    assert (late.status, dict(late.form("inputs").fields)["title.0"]) == (412, "Date")
    assert "Saved meanwhile by somebody else" in late.text
    assert "<q>Name</q>" in late.text
    assert [each["title"] for each in (await owner.get("/products/MUG")).good["inputs"]] == ["Name"]
    taken = await reader.submit(late, "inputs", "save-inputs", theirs="inputs")
    assert (taken.status, dict(taken.form("inputs").fields)["title.0"]) == (200, "Name")
    own = await reader.submit(late, "inputs", "save-inputs")
    assert (own.status, dict(own.form("inputs").fields)["title.0"]) == (200, "Date")


async def test_a_form_of_inputs_that_is_shown_again_is_of_what_was_seen(reader: Reader, owner: Colleague) -> None:
    page = await reader.get("/admin/products/MUG")
    _ = await reader.submit(page, "inputs", "save-inputs", **{"title.0": "Name"})

    wrong = await reader.submit(page, "inputs", "save-inputs", **{"title.0": "Date", "surcharge.0": "much"})
    late = await reader.submit(wrong, "inputs", "save-inputs", **{"surcharge.0": "1"})

    assert (wrong.status, late.status) == (422, 412)
    assert [each["title"] for each in (await owner.get("/products/MUG")).good["inputs"]] == ["Name"]


async def test_what_buyers_tell_is_saved_beside_other_changes_of_the_product(reader: Reader, owner: Colleague) -> None:
    page = await reader.get("/admin/products/MUG")
    _ = await reader.submit(page, "details", "save-details", title="Big mug")

    saved = await reader.submit(page, "inputs", "save-inputs", **{"title.0": "Name"})

    assert saved.status == 200
    shown = (await owner.get("/products/MUG")).good
    assert (shown["title"], [each["title"] for each in shown["inputs"]]) == ("Big mug", ["Name"])


async def test_who_may_only_read_products_asks_buyers_nothing(
    shop: ShopUnderTest, http: aiohttp.ClientSession, reader: Reader, owner: Colleague
) -> None:
    page = await reader.get("/admin/products/MUG")
    stranger = as_reader(shop, http, await colleague(shop, http, "support"))

    sent = await stranger.submit(page, "inputs", "save-inputs", **{"title.0": "Name"})

    assert sent.status == 403
    assert (await owner.get("/products/MUG")).good["inputs"] == []


async def test_each_screen_is_as_the_standard_has_it(reader: Reader, tmp_path: Path) -> None:
    product = await product_of_a_kind(reader)
    product = await reader.submit(product, "inputs", "save-inputs", **{"title.0": "Name", "surcharge.0": "1"})
    lake = await add_by_hand(reader, await new_collection(reader), "MUG")
    lake = await reader.submit(lake, "find-products", "find-product", q="LAMP")
    paths = (
        "/admin/collections", "/admin/attributes", "/admin/attributes?key=material", "/admin/types",
        "/admin/attributes/remove?key=material", "/admin/types/remove?id=rugs",
    )  # fmt: skip
    pages = [product, lake, await reader.get("/admin/types?id=rugs"), *[await reader.get(path) for path in paths]]

    assert {page.path: page.status for page in pages if page.status != 200} == {}
    assert faults_of(tmp_path, {page.path: page.text for page in pages}) == []


# --- Two editors ---


@pytest.mark.parametrize(
    ("path", "form", "button", "field", "other"),
    [
        ("/admin/products/MUG", "details", "save-details", "title", "brand"),
        ("/admin/settings", "brand", "save-brand", "name", "tagline"),
    ],
)
async def test_of_two_editors_nobody_overwrites_the_other(
    reader: Reader, path: str, form: str, button: str, field: str, other: str
) -> None:
    page = await reader.get(path)
    _ = await reader.submit(page, form, button, **{field: "Heron"})

    late = await reader.submit(page, form, button, **{field: "Ash", other: "of wood"})
    both = await reader.submit(late, form, button, theirs=field)
    again = await reader.submit(page, form, button, **{other: "of clay"})

    assert (late.status, dict(late.form(form).fields)[field], "Heron" in late.text) == (412, "Ash", True)
    assert [dict(both.form(form).fields)[name] for name in (field, other)] == ["Heron", "of wood"]
    assert (again.status, "of wood" in again.text) == (412, True)


async def test_of_two_editors_of_an_attribute_both_texts_are_shown(reader: Reader, owner: Colleague) -> None:
    page = await add_attribute(reader, "Material", kind="choice", choices="wool")
    _ = await reader.submit(page, "attribute", "save-attribute", title="Made of", choices="wool\r\nsilk")

    both = await reader.submit(page, "attribute", "save-attribute", filterable="yes")
    late = await reader.submit(page, "attribute", "save-attribute", title="Stuff", kind="text")

    assert (both.status, late.status) == (200, 412)
    kept = (await owner.get("/admin/api/attributes/material")).good
    assert (kept["title"], kept["choices"], kept["filterable"]) == ("Made of", ["wool", "silk"], True)
    assert dict(late.form("attribute").fields)["title"] == "Stuff"
    assert "<q>Made of</q>" in late.text
    assert "<q>wool\nsilk</q>" in late.text  # What became of the choices of a kind that has none any more.
    again = await reader.submit(late, "attribute", "save-attribute")
    assert again.status == 200
    changed = (await owner.get("/admin/api/attributes/material")).good
    assert (changed["title"], changed["kind"], changed["filterable"]) == ("Stuff", "text", True)


async def test_of_two_editors_of_a_kind_both_texts_are_shown(reader: Reader, owner: Colleague) -> None:
    _ = await add_attribute(reader, "Width", kind="number")
    page = await add_kind(reader, **{"has.width": "yes"})
    _ = await reader.submit(page, "kind", "save-kind", title="Carpets", **{"has.width": ""})

    both = await reader.submit(page, "kind", "save-kind", options="Size")
    late = await reader.submit(page, "kind", "save-kind", title="Mats", **{"value.width": "12"})

    assert (both.status, late.status) == (200, 412)
    kept = (await owner.get("/admin/api/types/rugs")).good
    assert (kept["title"], kept["options"], kept["attributes"]) == ("Carpets", ["Size"], [])
    fields = dict(late.form("kind").fields)
    assert (fields["title"], fields["has.width"], fields["value.width"]) == ("Mats", "yes", "12")
    assert "<q>Carpets</q>" in late.text
    assert "<q>no</q>" in late.text  # A value to begin with is lost where the other has taken the attribute out.
    _ = await reader.submit(late, "kind", "save-kind", theirs="title")
    changed = (await owner.get("/admin/api/types/rugs")).good
    assert (changed["title"], changed["attributes"][0]["value"]) == ("Carpets", 12)


@pytest.mark.parametrize(("path", "form"), [("/admin/attributes", "attribute"), ("/admin/types", "kind")])
async def test_what_is_gone_or_changed_meanwhile_is_neither_made_anew_nor_removed(
    reader: Reader, path: str, form: str
) -> None:
    page = await (add_kind(reader, "Width") if form == "kind" else add_attribute(reader, "Width"))
    sure = await reader.get(next(each for each in page.links if "/remove?" in each))
    _ = await reader.submit(page, form, f"save-{form}", title="Breadth")

    late = await reader.submit(sure, "sure", "yes")
    anew = await reader.get(next(each for each in late.links if "/remove?" in each))
    _ = await reader.submit(anew, "sure", "yes")
    lost = await reader.submit(page, form, f"save-{form}", title="Span")

    assert (late.status, "Breadth" in late.text) == (412, True)
    assert lost.status == 404
    assert dict(lost.form(f"new-{form}").fields)["title"] == "Span"
    assert "Breadth" not in (await reader.get(path)).text


async def test_as_many_long_choices_as_there_may_be_are_typed_in_cyrillic(reader: Reader, owner: Colleague) -> None:
    choices = [f"{number:03}" + "Ж" * 97 for number in range(250)]
    page = await add_attribute(reader, "Material", kind="choice", choices="\r\n".join(choices))

    _ = await reader.submit(page, "attribute", "save-attribute", title="Made of")

    kept = (await owner.get("/admin/api/attributes/material")).good
    assert (kept["title"], kept["choices"]) == ("Made of", choices)
