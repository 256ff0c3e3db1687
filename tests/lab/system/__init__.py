"""
Whole systems under a real systemd, in containers and on an emulated arm64 board, as root on Debian 13.

`make test-system`, `make test-container` and `make test-board` take 5 to 10 minutes each, and 2 GB of cache.
"""
