"""Levels of bundles: how many there are, and versions that only grow."""

from hypothesis import given
from hypothesis import strategies as st

from bus.messages.base import Money
from bus.messages.inventory import StockLevel
from bus.messages.parts import Bundle, BundlePart
from gateway.bundles import with_bundles, with_parts


def bundle(edition: int = 1, is_on_sale: bool = True, /, **parts: int) -> Bundle:
    price = Money(amount=1, currency="EUR")
    return Bundle(
        sku="SET",
        edition=edition,
        parts=tuple(
            BundlePart(sku=sku, title=sku, quantity=quantity, price=price, weight_g=1, is_on_sale=is_on_sale)
            for sku, quantity in parts.items()
        ),
    )


def levels(**known: tuple[int, int]) -> dict[str, StockLevel]:
    return {sku: StockLevel(sku=sku, available=units, version=version) for sku, (units, version) in known.items()}


def shown(of: Bundle, **known: tuple[int, int]) -> StockLevel:
    return with_bundles(["SET"], {"SET": of}, levels(**known))["SET"]


UNITS = st.integers(0, 50)


@given(UNITS, UNITS, st.integers(1, 9), st.integers(1, 9))
def test_there_are_as_many_as_can_be_put_together(mugs: int, tees: int, of_mugs: int, of_tees: int) -> None:
    left_mugs, left_tees, made = mugs, tees, 0
    while left_mugs >= of_mugs and left_tees >= of_tees:
        left_mugs, left_tees, made = left_mugs - of_mugs, left_tees - of_tees, made + 1

    assert shown(bundle(MUG=of_mugs, TEE=of_tees), MUG=(mugs, 1), TEE=(tees, 1)).available == made


def test_a_part_without_books_or_off_sale_leaves_none() -> None:
    assert shown(bundle(MUG=1, TEE=1), MUG=(5, 1)).available == 0
    assert shown(bundle(1, False, MUG=1), MUG=(5, 1)).available == 0


STEPS = st.lists(st.sampled_from(["MUG", "TEE", "PEN", "edition"]), max_size=30)


@given(STEPS)
def test_with_each_change_of_a_part_the_version_grows_and_with_other_parts_too(steps: list[str]) -> None:
    versions, edition, last = {"MUG": 1, "TEE": 10_000, "PEN": 1}, 1, -1
    for step in steps:
        if step == "edition":
            edition += 1
        else:
            versions[step] += 1
        parts = {"MUG": 1, "TEE": 1} if edition % 2 else {"MUG": 1}  # Without its much sold tee the sum is far less.
        level = shown(bundle(edition, **parts), **{sku: (1, version) for sku, version in versions.items()})

        is_changed = step == "edition" or step in parts or last == -1
        assert (level.version > last) == is_changed
        last = level.version
        assert level.version < 2**53


def test_what_is_no_bundle_is_shown_as_it_is() -> None:
    known = levels(MUG=(5, 7), TEE=(2, 3))

    assert list(with_parts(["MUG", "SET"], {"SET": bundle(MUG=2, TEE=1)})) == ["MUG", "TEE"]
    assert with_bundles(["MUG", "NONE"], {}, known) == {"MUG": known["MUG"]}
