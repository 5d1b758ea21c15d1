"""Prometheus metrics of views."""

from prometheus_client import Counter, Gauge, Histogram

AGE = Histogram(
    "shopflow_view_age_seconds",
    "From a product's change until this process shows nothing older. Promised: 10 at most, whatever fails.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
READS = Counter("shopflow_view_reads", "Views that were asked for, by where they were found.", ["where"])
BYTES = Gauge("shopflow_view_bytes", "Bytes of the views that this process keeps.")
EMPTIED = Counter("shopflow_view_emptied", "Times that this process forgot all its views, for changes may be missed.")
