"""The form of messages on SQS: the JSON of the Struct is the body, all else stands in message attributes.

Pure: no I/O. Limits and characters. Source: Amazon SQS Developer Guide, "Quotas related to messages", and the API
reference, "SendMessage".
"""

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from engine.errors import BadInput, Conflict, Overloaded, ShopFlowError, Unavailable

if TYPE_CHECKING:
    from types_aiobotocore_sqs.type_defs import (
        MessageAttributeValueTypeDef,
        MessageTypeDef,
        SendMessageBatchRequestEntryTypeDef,
    )

_GROUP = re.compile(r"[A-Za-z0-9!-/:-@\[-`{-~]{1,128}")
# Two characters that JSON allows and SQS refuses. (It refuses control characters too; JSON escapes those anyway.)
_UNSENDABLE = str.maketrans({"\ufffe": "\\ufffe", "\uffff": "\\uffff"})


class WireMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message on its way between two processes."""

    id: str
    type: str  # Of the message; of an answer, "answer".
    body: str
    key: str = ""
    cause: str = ""
    trace: str = ""
    delivery_id: int = 0  # The row that is the right to handle it; 0 for a command, which has none.
    reply_to: str = ""  # The queue for its answer; "" if the sender does not wait for one.
    expires_at: datetime | None = None  # When its asker times out.
    again: int = 0  # How often it was redriven.
    stored_in: str = ""  # The S3 object with the body, if that is too large for SQS.

    @property
    def group(self) -> str:
        """The FIFO group, handled in order: the key. A message without a key is a group of its own."""
        group = self.key or self.id
        return group if _GROUP.fullmatch(group) else hashlib.sha256(group.encode()).hexdigest()

    @property
    def deduplication_id(self) -> str:
        """The same for a message that is sent twice by mistake."""
        own = f"delivery-{self.delivery_id}" if self.delivery_id else self.id
        return f"{own}-{self.again}" if self.again else own

    @property
    def weight(self) -> int:
        """The bytes of the body and, generously, of the attributes. A batch may have a mebibyte."""
        return len(self.body.encode()) + 1024 + len(self.key.encode())


class WireError(msgspec.Struct, frozen=True, kw_only=True):
    """An error on its way to the asker."""

    kind: str
    why: str
    service: str = ""
    retry_after_s: float | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The body of an answer: the reply, or why there is none."""

    reply: msgspec.Raw = msgspec.Raw(b"null")
    problem: WireError | None = None


def to_entry(letter: WireMessage, number: int, *, is_fifo: bool) -> "SendMessageBatchRequestEntryTypeDef":
    """Write a message as an entry of a batch."""
    entry: SendMessageBatchRequestEntryTypeDef = {
        "Id": str(number),
        "MessageBody": letter.body.translate(_UNSENDABLE),
        "MessageAttributes": _attributes(letter),
    }
    if is_fifo:
        entry["MessageGroupId"] = letter.group
        entry["MessageDeduplicationId"] = letter.deduplication_id
    return entry


def from_message(message: "MessageTypeDef", prefix: str) -> WireMessage:
    """Read a received message.

    Args:
        message: As SQS gives it.
        prefix: Of the shop's own queues and objects. Answers go to no other queue, and bodies come from nowhere else.

    Raises:
        BadInput: ShopFlow has not sent it, or another shop has.
    """
    letter = _read(message)
    if letter.reply_to and not re.fullmatch(rf"{re.escape(prefix)}-replies-[0-9a-z]+", letter.reply_to):
        raise BadInput("its answer would go to a queue that is not the shop's")
    if letter.stored_in and not letter.stored_in.startswith(f"{prefix}/"):
        raise BadInput("its body would come from a place that is not the shop's")
    return letter


def _read(message: "MessageTypeDef") -> WireMessage:
    given = {name: value.get("StringValue", "") for name, value in message.get("MessageAttributes", {}).items()}
    try:
        return msgspec.convert({**given, "body": message["Body"]}, WireMessage, strict=False)
    except msgspec.ValidationError as error:
        raise BadInput(f"this is no message of ShopFlow's: {error}") from error


def answer_body(result: object) -> str:
    """Encode the answer to a command, which may be an error."""
    answer = (
        Answer(problem=_problem(result))
        if isinstance(result, BaseException)
        else Answer(reply=msgspec.Raw(msgspec.json.encode(result)))
    )
    return msgspec.json.encode(answer).decode()


def read_answer(body: str, decoder: msgspec.json.Decoder[Any]) -> Any:  # noqa: ANN401 - as the command says
    """Return the answer, or the error, which is not raised.

    Raises:
        msgspec.DecodeError: It is no answer to this command, as far as this process knows.
    """
    answer = msgspec.json.decode(body, type=Answer)
    if answer.problem is not None:
        return _error(answer.problem)
    return decoder.decode(answer.reply)


class FailedElsewhere(RuntimeError):
    """A handler in another process has a bug; its log has the trace."""


_KINDS: Mapping[str, type[ShopFlowError]] = {kind.__name__: kind for kind in (BadInput, Conflict, Unavailable)}


def _problem(error: BaseException) -> WireError:
    kind = next((kind.__name__ for kind in type(error).__mro__ if kind.__name__ in _KINDS), "")
    if isinstance(error, Unavailable):
        is_full = isinstance(error, Overloaded)
        return WireError(
            kind="Overloaded" if is_full else kind,
            why=error.why,
            service=error.service,
            retry_after_s=error.retry_after_s,
        )
    return WireError(kind=kind, why=str(error) if kind else repr(error))


def _error(problem: WireError) -> Exception:
    if problem.kind == "Overloaded":
        return Overloaded(problem.service)
    if problem.kind == "Unavailable":
        return Unavailable(problem.service, problem.why, retry_after_s=problem.retry_after_s)
    if problem.kind in _KINDS:
        return _KINDS[problem.kind](problem.why)
    return FailedElsewhere(problem.why)


def _attributes(letter: WireMessage) -> "dict[str, MessageAttributeValueTypeDef]":
    """Return the attributes that are not empty: SQS takes no empty ones, and ten at most."""
    given = {
        "id": letter.id,
        "type": letter.type,
        "key": letter.key.translate(_UNSENDABLE),
        "cause": letter.cause,
        "trace": letter.trace,
        "delivery_id": str(letter.delivery_id or ""),
        "reply_to": letter.reply_to,
        "expires_at": "" if letter.expires_at is None else letter.expires_at.astimezone(UTC).isoformat(),
        "again": str(letter.again or ""),
        "stored_in": letter.stored_in,
    }
    return {name: {"DataType": "String", "StringValue": value} for name, value in given.items() if value}
