"""socketify: uWebSockets, which is C++, under Python. Runs in the peers' environment.

All clients subscribe to one topic, and a change is published to it once: the cheapest way it has.
"""

from collections.abc import Sequence

from socketify import App, AppListenOptions, CompressOptions, OpCode, WebSocket  # type: ignore[import-not-found] # there

from bench.fanout.driver import drive, message

_TOPIC = "stock"


def main() -> None:
    """Serve until stdin ends."""
    app = App()

    def welcome(client: WebSocket) -> None:
        client.subscribe(_TOPIC)

    def tell(changes: Sequence[tuple[int, int]]) -> None:
        for change in changes:
            app.publish(_TOPIC, message(*change), OpCode.TEXT)

    def serve(where: AppListenOptions) -> None:
        app.run_async(drive(where.port, tell))

    app.ws("/*", {"compression": CompressOptions.DISABLED, "open": welcome})
    app.listen(AppListenOptions(port=0, host="127.0.0.1"), serve)
    app.run()


if __name__ == "__main__":
    main()
