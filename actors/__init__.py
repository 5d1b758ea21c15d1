"""A folder per domain: decisions, SQL, and the actor that ties them. No actor imports another."""
