"""Inputs of buyers with a product, an engraving for example: one form has all, and an empty row for one more."""

from litestar import Response, post
from litestar.params import FromPath

from gateway.api.catalog.edits import EditedProduct
from gateway.context import Http
from gateway.pages.admin.input_fields import body_of, typed_rows
from gateway.pages.admin.product import MOST_BYTES, path_of, screen_of, show
from gateway.pages.admin.screens import PortalPart
from gateway.pages.forms import own_forms_only, read_form, see
from gateway.pages.inside import Refused, ask
from gateway.pages.sentences import told
from gateway.pages.visitor import language_asked
from gateway.problems import Problem


@post("/admin/products/{product_id:str}/inputs", include_in_schema=False, guards=[own_forms_only])
async def save_inputs(request: Http, product_id: FromPath[str]) -> Response[bytes]:
    """Set what buyers may or must tell with a product."""
    form = await read_form(request, most_bytes=MOST_BYTES)
    path, language = path_of(product_id), language_asked(request)
    try:
        found = (await ask(request, "GET", path)).read(EditedProduct)
        seen = [("If-Match", f'"{form.number("revision") or 0}"')]
        await ask(request, "PATCH", path, body={"inputs": body_of(form, found.price.currency)}, headers=seen)
    except Refused as refused:
        if refused.is_denied:
            raise
        said, status, field = told(language, refused), refused.status, ""
    except Problem as problem:
        said, status = language.say("Please look at this field again."), problem.status
        field = str(problem.members.get("field", ""))
    else:
        return see(screen_of(product_id, "?saved=1#inputs"))
    return await show(request, product_id, status=status, problem=said, field=field, inputs=typed_rows(form))


PART = PortalPart(screens=(), routes=[save_inputs])
