"""Editing products over HTTP: nobody overwrites what they have not seen, what was done can be undone, slugs lead on."""

import asyncio
from typing import Any

from tests.journeys.people import Customer, Staff

CUP: dict[str, Any] = {
    "id": "CUP-1",
    "slug": "cup",
    "title": "Cup",
    "category": "Cups",
    "description": "For tea.",
    "skus": [
        {"sku": "CUP-RED", "title": "Red", "price": {"amount": 900, "currency": "EUR"}, "weight_g": 200},
        {"sku": "CUP-BLUE", "title": "Blue", "price": {"amount": 950, "currency": "EUR"}, "weight_g": 210},
    ],
}
WHOLE = {name: value for name, value in CUP.items() if name != "id"}
AT = "/admin/api/products/CUP-1"


async def revision_of(staff: Staff) -> int:
    read = await staff.get(AT)
    assert read.headers["ETag"] == f'"{read.good["revision"]}"'
    return int(read.good["revision"])


async def history_of(staff: Staff) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await staff.get(f"{AT}/history")).good["items"]
    return items


async def test_a_whole_product_is_set_by_who_has_seen_it(staff: Staff, buyer: Customer) -> None:
    await staff.ask("POST", "/admin/api/products", CUP)
    seen = await revision_of(staff)
    set_to = {**WHOLE, "title": "Beaker", "skus": CUP["skus"][:1]}

    assert (await staff.ask("PUT", AT, set_to)).refusal == (428, "precondition_required")
    assert (await staff.ask("PUT", AT, set_to, headers={"If-Match": "*"})).refusal == (428, "precondition_required")
    for wrong in (f"{seen}", f'W/"{seen}"', f'"{seen + 1}"', '"x"', "", f'"{seen}", "{seen}"'):
        assert (await staff.ask("PUT", AT, set_to, headers={"If-Match": wrong})).refusal == (
            412,
            "changed_meanwhile",
        ), wrong
    done = await staff.ask("PUT", AT, set_to, headers={"If-Match": f'"{seen}"'})

    assert done.headers["ETag"] == f'"{seen + 1}"'
    shown = (await buyer.get("/products/CUP-1")).good
    assert (shown["title"], [sku["sku"] for sku in shown["skus"]]) == ("Beaker", ["CUP-RED"])
    again = await staff.ask("PUT", AT, set_to, headers={"If-Match": f'"{seen + 1}"'})
    assert again.good["revision"] == seen + 1  # The same once more is no change.


async def test_of_two_editors_at_once_one_is_told_what_the_other_did(staff: Staff) -> None:
    await staff.ask("POST", "/admin/api/products", CUP)
    seen = {"If-Match": f'"{await revision_of(staff)}"'}

    answers = await asyncio.gather(
        staff.ask("PATCH", AT, {"title": "Mug"}, headers=seen),
        staff.ask("PATCH", AT, {"title": "Beaker"}, headers=seen),
    )

    won, lost = sorted(answers, key=lambda answer: answer.status)
    assert (won.status, lost.refusal) == (200, (412, "changed_meanwhile"))
    (change,) = lost.json["changes"]
    assert change["fields"] == [{"field": "title", "before": "Cup", "after": won.json["title"]}]
    assert change["by"].startswith("test (")
    assert lost.json["revision"] == won.json["revision"] == await revision_of(staff)


async def test_each_change_is_in_the_history_and_can_be_undone(staff: Staff, buyer: Customer) -> None:
    await staff.ask("POST", "/admin/api/products", CUP)
    dearer = {**CUP["skus"][0], "price": {"amount": 1200, "currency": "EUR"}}
    await staff.ask("PATCH", AT, {"skus": [dearer]})
    await staff.ask("PATCH", AT, {"description": "For coffee."})
    described, priced, added = await history_of(staff)
    names = [field["field"] for field in added["fields"]]
    assert {"slug", "title", "category", "description", "skus.CUP-RED", "skus.CUP-BLUE"} <= {*names}

    undone = await staff.ask("POST", f"{AT}/history/{priced['revision']}/undo")

    assert undone.good["product"]["skus"][0]["price"]["amount"] == 900
    assert undone.good["product"]["description"] == "For coffee."
    assert (await staff.ask("POST", f"{AT}/history/{added['revision']}/undo")).refusal == (409, "undo_conflict")
    assert (await staff.ask("POST", f"{AT}/history/{priced['revision']}/undo")).refusal == (409, "undo_conflict")
    assert (await staff.ask("POST", f"{AT}/history/1/undo")).refusal == (404, "not_found")
    last = (await history_of(staff))[0]
    assert [field["field"] for field in last["fields"]] == ["skus.CUP-RED"]
    assert described["fields"] == [{"field": "description", "before": "For tea.", "after": "For coffee."}]


async def test_a_removal_is_undone_with_all_that_was_there(staff: Staff, buyer: Customer) -> None:
    added = (await staff.ask("POST", "/admin/api/products", CUP)).good
    assert (await staff.ask("DELETE", AT)).status == 204
    assert (await buyer.ask("GET", "/products/cup")).refusal == (410, "gone")
    removed = (await history_of(staff))[0]

    back = await staff.ask("POST", f"{AT}/history/{removed['revision']}/undo")

    assert {**back.good["product"], "revision": 0} == {**added, "revision": 0}
    assert (await buyer.get("/products/cup")).good["id"] == "CUP-1"
    first = (await history_of(staff))[-1]
    await staff.ask("DELETE", AT)
    assert (await staff.ask("POST", f"{AT}/history/{first['revision']}/undo")).refusal == (409, "undo_conflict")
    await staff.ask("POST", "/admin/api/products", {**CUP, "id": "CUP-2"})
    gone = (await history_of(staff))[0]
    assert (await staff.ask("POST", f"{AT}/history/{gone['revision']}/undo")).refusal == (409, "product_exists")


async def test_an_addition_is_undone_by_removing(staff: Staff, buyer: Customer) -> None:
    await staff.ask("POST", "/admin/api/products", CUP)
    (added,) = await history_of(staff)

    assert (await staff.ask("POST", f"{AT}/history/{added['revision']}/undo")).good == {"product": None}

    assert (await buyer.ask("GET", "/products/CUP-1")).status == 404


async def test_a_rename_takes_its_stock_along_and_so_is_not_undone_here(staff: Staff) -> None:
    await staff.ask("POST", "/admin/api/products", CUP)
    await staff.ask("PATCH", f"{AT}/skus/CUP-RED", {"sku": "CUP-CRIMSON"})
    renamed = (await history_of(staff))[0]

    assert [field["field"] for field in renamed["fields"]] == ["skus.CUP-RED", "skus.CUP-CRIMSON"]
    assert (await staff.ask("POST", f"{AT}/history/{renamed['revision']}/undo")).refusal == (404, "not_found")


async def test_a_former_slug_leads_to_the_present_one(staff: Staff, buyer: Customer) -> None:
    await staff.ask("POST", "/admin/api/products", CUP)
    await staff.ask("PATCH", AT, {"slug": "beaker"})
    await staff.ask("PATCH", AT, {"slug": "tumbler"})

    for former in ("cup", "beaker"):
        for below in ("", "/inventory"):
            answer = await buyer.ask("GET", f"/products/{former}{below}", follow=False)
            assert answer.refusal == (301, "moved")
            assert answer.headers["Location"] == f"/products/tumbler{below}"
    other = {**CUP, "id": "CUP-2", "skus": [{**CUP["skus"][0], "sku": "CUP-2"}]}
    await staff.ask("POST", "/admin/api/products", other)  # Takes the slug that the first one had.
    assert (await buyer.get("/products/cup")).good["id"] == "CUP-2"
    assert (await staff.ask("PATCH", AT, {"slug": "cup"})).refusal == (409, "product_exists")
    await staff.ask("DELETE", AT)
    for former in ("tumbler", "beaker"):
        assert (await buyer.ask("GET", f"/products/{former}")).refusal == (410, "gone")
