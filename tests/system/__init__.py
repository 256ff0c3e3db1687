"""Whole systems: what a household installs, under a real systemd (`make test-system`, `make test-board`)."""
