"""The programs of docs/consumers read our messages (`make test-consumers`, 2 minutes, npm)."""
