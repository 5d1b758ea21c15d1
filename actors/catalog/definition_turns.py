"""The catalog's turns about attributes and types. Each that writes locks the catalog, as all of its writers do."""

from collections.abc import Sequence
from typing import Final

from msgspec import structs

from actors.catalog import attribute_rules, changes, definitions, store, wordings
from actors.catalog.viewing import Viewing
from bus.messages.attributes import (
    MOST_TYPES,
    ApplyType,
    Attribute,
    AttributeExists,
    AttributeMoved,
    AttributeRemoved,
    Attributes,
    CountUse,
    InUse,
    NoSuchAttribute,
    NoSuchType,
    ProductType,
    ProductTypes,
    ReadAttributes,
    ReadTypes,
    RemoveAttribute,
    RemoveType,
    SetAttribute,
    SetType,
    TypeApplied,
    TypeExists,
    TypeMoved,
    TypeRemoved,
    UseCounted,
)
from bus.messages.catalog import AttributeChanged
from engine.actor import call, turn
from engine.errors import BadInput
from engine.transaction import Transaction

_AT_ONCE: Final = 100  # Products that a type is applied to.


class DefinitionTurns(Viewing):
    """The turns, for the catalog's actor."""

    @turn
    async def attributes(self, tx: Transaction, asks: Sequence[ReadAttributes]) -> Sequence[Attributes]:
        return [Attributes(attributes=await definitions.attributes(tx))] * len(asks)

    @turn
    async def set_attribute(
        self, tx: Transaction, ask: SetAttribute
    ) -> Attribute | InUse | AttributeExists | AttributeMoved:
        await store.lock_all(tx)
        known = await definitions.by_key(tx)
        before = known.get(ask.key)
        revision = before.revision if before else 0
        attribute = structs.replace(ask.attribute, revision=revision)
        if ask.expected not in (None, revision):
            return AttributeMoved(key=ask.key, revision=revision)
        if ask.key != attribute.key:
            raise BadInput("the key of an attribute can't be changed")
        if refused := attribute_rules.definition_refusal(attribute, known):
            raise BadInput(refused)
        if before and ask.is_new:
            return AttributeExists(key=ask.key)
        if attribute == before:
            return attribute
        for choice in attribute_rules.taken_away(before, attribute) if before else ():
            if used := await _in_use(tx, ask.key, choice):
                return used
        written = await definitions.set_attribute(tx, attribute)
        is_found = attribute_rules.changes_search(before, written)
        tx.publish(AttributeChanged(key=ask.key, attribute=written, changes_search=is_found))
        return written

    @turn
    async def remove_attribute(
        self, tx: Transaction, ask: RemoveAttribute
    ) -> AttributeRemoved | NoSuchAttribute | InUse | AttributeMoved:
        await store.lock_all(tx)
        found = (await definitions.by_key(tx)).get(ask.key)
        if found is None:
            return NoSuchAttribute(key=ask.key)
        if ask.expected not in (None, found.revision):
            return AttributeMoved(key=ask.key, revision=found.revision)
        if used := await _in_use(tx, ask.key, None):
            return used
        await definitions.remove_attribute(tx, ask.key)
        await wordings.forget(tx, "attribute", ask.key)
        tx.publish(AttributeChanged(key=ask.key, attribute=None, changes_search=False))
        return AttributeRemoved(key=ask.key)

    @turn
    async def types(self, tx: Transaction, asks: Sequence[ReadTypes]) -> Sequence[ProductTypes]:
        return [ProductTypes(types=await definitions.types(tx, self._language))] * len(asks)

    @turn
    async def set_type(self, tx: Transaction, ask: SetType) -> ProductType | TypeExists | TypeMoved:
        await store.lock_all(tx)
        before = await definitions.type_of(tx, ask.id)
        if ask.expected not in (None, revision := before.revision if before else 0):
            return TypeMoved(id=ask.id, revision=revision)
        if before and ask.is_new:
            return TypeExists(id=ask.id)
        if ask.id != ask.product_type.id:
            raise BadInput("the id of a type can't be changed")
        if refused := attribute_rules.type_refusal(ask.product_type, await definitions.by_key(tx)):
            raise BadInput(refused)
        if await definitions.has_title(tx, ask.product_type.title, but=ask.id):
            raise BadInput(f"title: another type is called {ask.product_type.title}")
        others = [kind for kind in await definitions.types(tx, self._language) if kind.id != ask.id]
        if len(others) >= MOST_TYPES:
            raise BadInput(f"at most {MOST_TYPES:,} types")
        return await definitions.set_type(tx, ask.product_type)

    @turn
    async def remove_type(self, tx: Transaction, ask: RemoveType) -> TypeRemoved | NoSuchType | InUse | TypeMoved:
        await store.lock_all(tx)
        found = await definitions.type_of(tx, ask.id)
        if found is None:
            return NoSuchType(id=ask.id)
        if ask.expected not in (None, found.revision):
            return TypeMoved(id=ask.id, revision=found.revision)
        if users := await definitions.of_type(tx, ask.id, "", 10):
            return InUse(key=ask.id, products=tuple(users), detail=f"products are of the type {ask.id}")
        await definitions.remove_type(tx, ask.id)
        return TypeRemoved(id=ask.id)

    @call(limit=2)
    async def count_use(self, ask: CountUse) -> UseCounted:
        count = definitions.count_users if ask.of == "attribute" else definitions.count_of_type
        return UseCounted(products=await count(self._database, ask.name))

    @turn
    async def apply_type(self, tx: Transaction, ask: ApplyType) -> TypeApplied | NoSuchType:
        await store.lock_all(tx)
        kind = await definitions.type_of(tx, ask.id)
        if kind is None:
            return NoSuchType(id=ask.id)
        ids = await definitions.of_type(tx, ask.id, ask.after, _AT_ONCE + 1)
        known = await store.lock(tx, ids[:_AT_ONCE])
        after = {product.id: attribute_rules.fitted(product, kind) for product in known.values()}
        by_key = await definitions.by_key(tx)
        for product in after.values():
            if refused := attribute_rules.refusal(product, by_key):
                raise BadInput(f"{product.id}: {refused}")
        if not ask.is_trial:
            edits = changes.edits(known, list(after.values()))
            await self._store(tx, edits, by=ask.by)
        fits = [attribute_rules.fit(known[each], after[each], kind, by_key) for each in sorted(known)]
        return TypeApplied(
            products=tuple(fit for fit in fits if fit.added or fit.missing),
            next=ids[_AT_ONCE - 1] if len(ids) > _AT_ONCE else None,
        )


async def _in_use(tx: Transaction, key: str, choice: str | None) -> InUse | None:
    """Say who has an attribute, or a choice of it; None if nobody does."""
    what = key if choice is None else f"{key}: {choice}"
    if users := await definitions.users(tx, key, choice):
        return InUse(key=key, products=users, detail=f"products have {what}")
    if naming := await definitions.types_naming(tx, key, choice):
        return InUse(key=key, products=(), detail=f"the type {naming[0]} has {what}")
    return None
