"""The edge: HTTP, pages, websockets and webhooks. What strangers say becomes a typed message here, or is refused."""
