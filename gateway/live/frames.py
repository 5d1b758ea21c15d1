"""Websocket frames, made once and shared by all clients that get the same."""

from websockets.frames import Frame, Opcode


def text(payload: bytes) -> bytes:
    """Put a message into a frame as a server sends it."""
    return Frame(Opcode.TEXT, payload).serialize(mask=False)


PING = Frame(Opcode.PING, b"").serialize(mask=False)
