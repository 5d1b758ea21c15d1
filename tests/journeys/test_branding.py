"""The shop's identity: set by its owner, seen on each page and in mails at once."""

import io

from PIL import Image

from tests.actors.media.hostile import hostile_files, photo
from tests.journeys.people import Customer, Staff
from tests.journeys.test_pictures import send

PATH = "/admin/api/branding"


def transparent() -> bytes:
    file = io.BytesIO()
    Image.new("RGBA", (64, 64), (200, 30, 30, 0)).save(file, "PNG")
    return file.getvalue()


async def home(staff: Staff) -> str:
    return (await staff.ask("GET", "/", token="", headers={"Accept": "text/html"})).body.decode()


async def test_what_the_owner_sets_is_on_the_next_page_and_in_the_next_mail(staff: Staff, buyer: Customer) -> None:
    assert "Heron" not in await home(staff)
    brand = {"name": "Heron & Sons", "tagline": "Boats <by hand>", "accent": "#7a1f1f", "imprint": "Heron Ltd"}

    answer = await staff.ask("PUT", PATH, brand, headers={"If-Match": '"0"'})

    assert answer.good["own"] == dict.fromkeys(answer.good["own"], "") | brand
    assert answer.good["shown"]["tax_note"] == "The shop adds nothing to this total."
    assert answer.headers["ETag"] == '"1"'
    page = await home(staff)
    assert "Heron &amp; Sons" in page
    assert "Boats &lt;by hand&gt;" in page
    assert "/theme.css?accent=%237a1f1f" in page
    assert "/pages/imprint" in page
    css = await staff.ask("GET", "/theme.css?accent=%237a1f1f", token="")
    assert "--accent: #7a1f1f" in css.body.decode()
    assert (await staff.ask("GET", "/theme.css?accent=%237a1f1f;", token="")).status in (404, 422)
    await staff.shop.clock.advance(seconds=61)
    await buyer.order(MUG=1)
    await staff.shop.settle()
    assert staff.shop.mails()[-1].headers["From"].startswith('"Heron & Sons" <')


async def test_two_owners_do_not_overwrite_each_other(staff: Staff) -> None:
    assert (await staff.ask("PUT", PATH, {"name": "Heron"})).refusal == (428, "precondition_required")
    _ = (await staff.ask("PUT", PATH, {"name": "Heron"}, headers={"If-Match": '"0"'})).good

    late = await staff.ask("PUT", PATH, {"name": "Stork"}, headers={"If-Match": '"0"'})
    pale = await staff.ask("PUT", PATH, {"accent": "#ffff00"}, headers={"If-Match": '"1"'})

    assert late.refusal == (412, "changed_meanwhile")
    assert pale.refusal == (422, "invalid")
    assert pale.json["field"] == "accent"
    back = (await staff.ask("POST", f"{PATH}/history/0/restore")).good
    assert (back["revision"], back["own"]["name"], back["shown"]["name"]) == (2, "", "ShopFlow")
    history = (await staff.get(f"{PATH}/history")).good["items"]
    assert [each["own"]["name"] for each in history] == ["", "Heron"]


async def test_a_logo_is_a_checked_picture_in_place_of_the_one_before(staff: Staff) -> None:
    async def put(content: bytes) -> tuple[int, dict[str, object]]:
        return await send(staff, content, f"{PATH}/logo", method="PUT")

    first, _ = await put(photo(size=(100, 100)))
    status, shown = await put(transparent())
    (script,) = [each for each in hostile_files() if each.name == "script.svg"]
    refused, problem = await put(script.content)

    assert (first, status, refused) == (200, 200, 422)
    assert problem["code"] == "image_refused"
    logo = shown["logo"]
    assert isinstance(logo, dict)
    assert f"/media/i/{logo['id']}/64.webp" in await home(staff)
    assert (await staff.ask("GET", f"/media/i/{logo['id']}/64.webp", token="")).status == 200
    assert (await staff.ask("DELETE", f"{PATH}/logo")).good["logo"] is None
    assert logo["id"] not in await home(staff)
