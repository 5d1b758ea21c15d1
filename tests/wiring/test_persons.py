"""What the shop keeps of persons is declared, column by column: nobody adds one and forgets it at an erasure."""

import re

from bus.messages import privacy
from testkit import ShopUnderTest
from tests.actors.privacy.people import rows
from wiring.persons import DECLARED

# What may be of a person: what is sealed or hashed, whom or which order it is about, and where their words may stand.
ABOUT = re.compile(
    r"subject|customer_id|person_id|staff_id|order_id|cart_id|tokens|email|name|phone|address|inputs|detail|body|country"
)
# Domains whose tables are of goods, of the shop or of its own people.
OF_GOODS = {
    "catalog", "search", "media", "imports", "views", "audit", "engine", "shipping.methods", "shipping.prices", "staff",
    "branding",
}  # fmt: skip

_COLUMNS = """
select table_schema as domain, table_name, column_name, data_type from information_schema.columns
where table_schema not in ('pg_catalog', 'information_schema')"""


async def test_every_column_that_may_be_of_a_person_is_declared(shop: ShopUnderTest) -> None:
    there = await rows(shop, _COLUMNS)
    declared = {(kept.table, column) for some in DECLARED.values() for kept in some for column in kept.columns}
    known = {(f"{row['domain']}.{row['table_name']}", row["column_name"]) for row in there}
    suspicious = {
        (f"{row['domain']}.{row['table_name']}", row["column_name"])
        for row in there
        if {row["domain"], f"{row['domain']}.{row['table_name']}"}.isdisjoint(OF_GOODS)
        and (row["data_type"] == "bytea" or ABOUT.search(row["column_name"]))
    }

    assert sorted(suspicious - declared) == []
    assert sorted(declared - known) == [], "it is declared, and is not there"


def test_what_is_sealed_for_an_account_is_forgotten() -> None:
    for some in DECLARED.values():
        for kept in some:
            if kept.purpose in ("account", "activity"):
                assert kept.fate == "forgotten", kept
            if kept.purpose == "invoice":
                assert kept.fate == "kept", kept


def test_what_is_shown_has_its_part_in_an_export() -> None:
    shown = {kept.shown for some in DECLARED.values() for kept in some if kept.shown}
    records = {kind.__name__ for kind in privacy.Record.__subclasses__() if kind.__module__ == privacy.__name__}

    assert shown == records
