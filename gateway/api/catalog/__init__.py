"""The catalog: products browsed by buyers, changed by staff."""

from gateway.api.catalog.edits import STAFF
from gateway.api.catalog.products import PUBLIC

__all__ = ["PUBLIC", "STAFF"]
