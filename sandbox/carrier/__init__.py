"""A carrier as the sandbox plays it: parcels that move by a clock or by hand, over HTTP and webhooks."""
