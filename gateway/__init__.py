"""The edge: HTTP, pages, websockets and webhooks. Bytes from strangers become typed messages here, or are refused."""
