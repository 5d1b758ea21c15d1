"""The catalog: products browsed by buyers, changed by staff."""

from gateway.api.catalog import definitions, edits, products

PUBLIC = [*products.PUBLIC, *definitions.PUBLIC]
STAFF = [*edits.STAFF, *definitions.STAFF]

__all__ = ["PUBLIC", "STAFF"]
