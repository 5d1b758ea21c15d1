"""The machine: actors, turns, calls, clock, settings, services, telemetry. It knows no message of the shop."""
