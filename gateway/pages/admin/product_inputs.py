"""Inputs of buyers with a product, an engraving for example: one form has all, and an empty row for one more."""

from litestar import Response, post
from litestar.params import FromPath

from gateway.api.catalog.edits import EditedProduct
from gateway.context import Http
from gateway.pages.admin.input_fields import body_of, draft_of, typed_draft
from gateway.pages.admin.merging import Draft, Fields
from gateway.pages.admin.product import MOST_BYTES, path_of, screen_of, show
from gateway.pages.admin.saving import BothChanged, save_merged
from gateway.pages.admin.screens import PortalPart
from gateway.pages.forms import Form, own_forms_only, read_form, see
from gateway.pages.inside import Refused, ask
from gateway.pages.sentences import said_again
from gateway.pages.visitor import language_asked
from gateway.problems import Problem


@post("/admin/products/{product_id:str}/inputs", include_in_schema=False, guards=[own_forms_only])
async def save_inputs(request: Http, product_id: FromPath[str]) -> Response[bytes]:
    """Set what buyers may or must tell with a product."""
    form, language = await read_form(request, most_bytes=MOST_BYTES), language_asked(request)
    draft = typed_draft(form)
    try:
        await _save(request, path_of(product_id), form, draft)
    except BothChanged as conflict:
        return await show(request, product_id, status=412, problem=conflict.said(language), inputs=conflict.draft)
    except (Refused, Problem) as why:
        said, status, field = said_again(language, why)
        return await show(request, product_id, status=status, problem=said, field=field, inputs=draft)
    return see(screen_of(product_id, "?saved=1#inputs"))


async def _save(request: Http, path: str, form: Form, draft: Draft) -> None:
    """Save what was typed, unless somebody else has changed what buyers tell meanwhile. Raises as `save_merged`."""

    async def read() -> EditedProduct:
        return (await ask(request, "GET", path)).read(EditedProduct)

    async def send(draft: Draft) -> None:
        inputs = body_of(form, (await read()).price.currency)
        await ask(request, "PATCH", path, body={"inputs": inputs}, headers=[("If-Match", f'"{draft.revision}"')])

    async def now() -> tuple[Fields, int]:
        found = await read()
        return draft_of(found.inputs, found.revision).fields, found.revision

    await save_merged(draft, send, now)


PART = PortalPart(screens=(), routes=[save_inputs])
