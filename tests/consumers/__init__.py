"""Other people's programs read our messages: `make test-consumers`; other brokers: `make test-brokers`."""
