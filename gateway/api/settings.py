"""The settings of the environment, shown to staff: they hold until the shop is started anew."""

from litestar import get

from gateway.api.bodies import View
from gateway.api.lists import WholeListView
from gateway.context import Injected


class SettingView(View, frozen=True, kw_only=True):
    """A setting with its meaning. Of a secret, `value` says only that there is one: `(secret)`."""

    name: str
    section: str
    meaning: str
    value: str
    is_default: bool


class SettingList(WholeListView[SettingView], frozen=True, kw_only=True):
    """All settings, section by section."""


@get("/settings", summary="List the settings of the environment")
async def list_settings(context: Injected) -> SettingList:
    """List all settings with their meaning and value, without secrets."""
    return SettingList(items=[SettingView(**each._asdict()) for each in context.settings])


STAFF = [list_settings]
