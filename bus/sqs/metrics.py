"""Metrics of the bus between processes."""

from prometheus_client import Counter

SENT = Counter("shopflow_sqs_sent", "Messages that SQS took.", ["queue"])
RECEIVED = Counter("shopflow_sqs_received", "Messages that SQS handed out.", ["queue"])
REQUESTS = Counter("shopflow_sqs_requests", "Requests to SQS.", ["operation"])
LEASES_LOST = Counter("shopflow_sqs_leases_lost", "Messages whose lease ended while they were worked on.", ["queue"])
STALE_RECEIPTS = Counter("shopflow_sqs_stale_receipts", "Deletions that came too late.", ["queue"])
UNREADABLE = Counter("shopflow_sqs_unreadable", "Times that a message came which this version can't read.", ["queue"])
