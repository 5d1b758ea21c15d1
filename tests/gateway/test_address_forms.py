"""Address forms: every country has one, and whoever fills in what it needs is not refused."""

import pytest

from bus.messages.base import Address
from gateway.address_forms import address_form
from gateway.buyers import COUNTRIES, _rules_of


def names(country: str) -> list[str]:
    return [field.name for field in address_form(country) or ()]


@pytest.mark.parametrize("country", COUNTRIES)
def test_a_form_asks_for_what_the_checkout_needs_and_for_nothing_twice(country: str) -> None:
    fields = address_form(country) or ()
    needed, rules = {field.name for field in fields if field.is_needed}, _rules_of(country)

    assert len(names(country)) == len(set(names(country)))
    assert {"line1", "city"} <= needed
    assert set(names(country)) <= set(Address.__struct_fields__)
    assert ("region" in needed) is rules.needs_region
    assert ("postal_code" in needed) is rules.needs_postal_code
    assert all(field.title[0].isupper() for field in fields)


@pytest.mark.parametrize(
    ("country", "order"),
    [
        ("CH", ["line1", "line2", "postal_code", "city"]),
        ("US", ["line1", "line2", "city", "region", "postal_code"]),
        ("JP", ["postal_code", "region", "city", "line1", "line2"]),
        ("SG", ["line1", "line2", "city", "postal_code"]),
        ("AE", ["line1", "line2", "city", "region"]),
    ],
)
def test_fields_come_in_the_order_of_the_country(country: str, order: list[str]) -> None:
    assert names(country) == order


def test_a_region_is_named_once_and_in_letters_that_a_parcel_can_have() -> None:
    (states,) = [field.choices for field in address_form("US") or () if field.name == "region"]
    (prefectures,) = [field.choices for field in address_form("JP") or () if field.name == "region"]

    assert ("IL", "Illinois") in states
    assert len(prefectures) == 47
    assert all(choice.value.isascii() for choice in prefectures)


def test_what_is_no_country_has_no_form() -> None:
    assert address_form("XX") is None
    assert address_form("ZZ") is None
