"""The parts that every service of the sandbox shares: memory, calls, faults, webhooks and due times."""
