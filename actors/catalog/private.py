"""Steps of the catalog, which no other actor knows. Stored as all messages are: yesterday's must decode."""

from bus.messages.base import CategoryId, ProductId
from engine.message import Command


class ApplyPlanned(Command[None]):
    """Make a planned change: its time has come."""

    product_id: ProductId
    id: str


class RetitleProducts(Command[None]):
    """Write the title that a category has now into products whose main category it is, some hundred at a time."""

    category_id: CategoryId
    after: ProductId = ""
