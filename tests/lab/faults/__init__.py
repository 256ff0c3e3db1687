"""
Port, broker, clock and disk fail under the real daemon: docs/reliability.md (`make test-faults`).

The scenarios wait for real timers: 5 minutes, six at a time. Each looks for secrets in the log.
"""
