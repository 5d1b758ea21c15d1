"""The SQL of bundles: their parts, and the editions of these."""

from collections.abc import Collection, Sequence

import msgspec

from actors.catalog import rules
from actors.catalog.bundle_rules import Neighbourhood, Use
from actors.catalog.changes import Edit
from bus.messages.base import Line, Money, ProductId, Sku
from bus.messages.parts import Bundle, BundlePart
from engine.postgres import Database
from engine.transaction import Transaction

# Of the bundle {bundle}: its parts as the catalog knows them, as one list; null if it is none.
PARTS = """(
    select json_agg(json_build_array(
        b.part, of.title, own.title, b.quantity, own.price, own.currency, own.weight_g, own.on_sale) order by b.part)
    from catalog.bundle_parts b join catalog.skus own on own.sku = b.part
    join catalog.products of on of.id = own.product_id where b.bundle = {bundle})"""
_READ = f"""
select e.sku, e.edition, {PARTS.format(bundle="e.sku")} as parts from catalog.bundles e where e.sku = any($1)"""  # noqa: S608 - of our own words
_SKUS = "select sku from catalog.skus where sku = any($1)"
_EVER = "select sku from catalog.bundles where sku = any($1)"
_USES = """
select b.part, b.bundle, s.product_id from catalog.bundle_parts b join catalog.skus s on s.sku = b.bundle
where b.part = any($1) order by b.part, b.bundle"""
_SHOWN_WITH = """
select distinct s.product_id from catalog.bundle_parts b join catalog.skus s on s.sku = b.bundle
where b.part = any($1) and s.product_id <> all($2) order by s.product_id"""
_CLEAR = "delete from catalog.bundle_parts where bundle = any($1)"
_WRITE = """
insert into catalog.bundle_parts (bundle, part, quantity) select * from unnest($1::text[], $2::text[], $3::int[])"""
# A bundle that no level was ever read of begins above the versions of plain SKUs.
_NEXT_EDITION = """
insert into catalog.bundles (sku, edition) select sku, 1 from unnest($1::text[]) as sku
on conflict (sku) do update set edition = bundles.edition + 1"""
_NEXT_EDITION_OF_USERS = """
update catalog.bundles set edition = edition + 1
where sku = any(array(select bundle from catalog.bundle_parts where part = any($1)))"""

_PART = msgspec.json.Decoder(tuple[tuple[str, str, str, int, int, str, int, bool], ...])


def parts_of(stored: str | None) -> tuple[BundlePart, ...]:
    """Read what `PARTS` gives."""
    return tuple(
        BundlePart(
            sku=sku,
            title=rules.full_title(product_title, title),
            quantity=quantity,
            price=Money(amount=price, currency=currency),
            weight_g=weight_g,
            is_on_sale=on_sale,
        )
        for sku, product_title, title, quantity, price, currency, weight_g, on_sale in _PART.decode(stored or "[]")
    )


def lines_of(stored: str | None) -> tuple[Line, ...]:
    """Read a list of parts and quantities."""
    return tuple(Line(sku=sku, quantity=quantity) for sku, quantity in _LINES.decode(stored or "[]"))


_LINES = msgspec.json.Decoder(tuple[tuple[str, int], ...])


async def read(reader: Database | Transaction, skus: Collection[Sku]) -> dict[Sku, Bundle]:
    """Bundles among these SKUs, with their parts."""
    found = {row["sku"]: (row["edition"], parts_of(row["parts"])) for row in await reader.fetch(_READ, list(skus))}
    return {sku: Bundle(sku=sku, edition=edition, parts=parts) for sku, (edition, parts) in found.items() if parts}


async def around(tx: Transaction, skus: Collection[Sku]) -> Neighbourhood:
    """The neighbourhood of these SKUs in the locked catalog."""
    wanted = list(skus)
    return Neighbourhood(
        frozenset(row["sku"] for row in await tx.fetch(_SKUS, wanted)),
        frozenset(row["sku"] for row in await tx.fetch(_EVER, wanted)),
        await uses(tx, wanted),
    )


async def uses(tx: Transaction, skus: Collection[Sku]) -> Sequence[Use]:
    """The bundles that need these SKUs."""
    return [Use(row["part"], row["bundle"], row["product_id"]) for row in await tx.fetch(_USES, list(skus))]


async def shown_with(tx: Transaction, edits: Sequence[Edit]) -> Sequence[ProductId]:
    """Other products whose bundles are shown with what these edits have changed about their parts."""
    changed = [sku for edit in edits for sku in _changed_as_parts(edit)]
    if not changed:
        return ()
    rows = await tx.fetch(_SHOWN_WITH, changed, [edit.product_id for edit in edits])
    return [row["product_id"] for row in rows]


async def write(tx: Transaction, edits: Sequence[Edit]) -> None:
    """Write the parts of bundles that have changed, after their SKUs."""
    changed = [each for edit in edits for each in _changed(edit)]
    if changed:
        await tx.execute(_CLEAR, [sku for sku, _ in changed])
        rows = [(sku, part) for sku, parts in changed for part in parts]
        await tx.execute(
            _WRITE, [sku for sku, _ in rows], [part.sku for _, part in rows], [part.quantity for _, part in rows]
        )
        await tx.execute(_NEXT_EDITION, [sku for sku, _ in changed])
    if moved := [sku for edit in edits for sku in _on_or_off_sale(edit)]:
        await tx.execute(_NEXT_EDITION_OF_USERS, moved)


def _changed_as_parts(edit: Edit) -> list[Sku]:
    """The SKUs that were there before an edit, and of which it changes what is shown of a part."""
    if edit.before is None or edit.after is None:
        return []
    before = {sku.sku: sku for sku in edit.before.skus}
    is_retitled = edit.before.title != edit.after.title
    return [sku.sku for sku in edit.after.skus if sku.sku in before and (is_retitled or sku != before[sku.sku])]


def _changed(edit: Edit) -> list[tuple[Sku, tuple[Line, ...]]]:
    """The bundles whose parts an edit changes."""
    before = {sku.sku: sku.parts for sku in edit.before.skus} if edit.before else {}
    return [(sku.sku, sku.parts) for sku in edit.written_skus if sku.parts != before.get(sku.sku, ())]


def _on_or_off_sale(edit: Edit) -> list[Sku]:
    """The SKUs that an edit puts on sale, or takes off it."""
    before = {sku.sku: sku.is_on_sale for sku in edit.before.skus} if edit.before else {}
    return [sku.sku for sku in edit.written_skus if before.get(sku.sku, sku.is_on_sale) != sku.is_on_sale]
