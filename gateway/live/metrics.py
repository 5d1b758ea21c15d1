"""Prometheus metrics of the live edge."""

from prometheus_client import Counter, Gauge, Histogram

CONNECTIONS = Gauge("shopflow_live_connections", "Open websockets")
EVENT_STREAMS = Gauge("shopflow_live_listeners", "Open streams of server-sent events")
SUBSCRIPTIONS = Gauge("shopflow_live_subscriptions", "Pairs of a client and a SKU it watches")
SLOW = Gauge("shopflow_live_slow", "Websockets that do not read as fast as they are written to")
PINGS = Counter("shopflow_live_pings", "Pings sent")
DELIVERIES = Counter("shopflow_live_deliveries", "Values written to clients, or left for them to fetch")
CONFLATED = Counter("shopflow_live_conflated", "Values that a newer one overtook before they were written")
EVICTED = Counter(
    "shopflow_live_evicted", "Clients closed for abuse, or because they were too slow or silent", ["reason"]
)
REFUSED = Counter("shopflow_live_refused_handshakes", "Handshakes refused", ["status"])
READ_FAILURES = Counter("shopflow_live_read_failures", "Reads that failed and are retried", ["what"])
TICK_CHANGES = Histogram(
    "shopflow_live_tick_changes", "Changes that shared a tick", buckets=(1, 2, 5, 10, 20, 50, 100, 256)
)
LAG = Histogram(
    "shopflow_live_lag_seconds",
    "From a change's commit until the last client has its frame",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5),
)
