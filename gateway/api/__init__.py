"""The HTTP routes, a file per domain. Each turns a request into a message, and its answer into JSON."""
