"""The daemon: it connects the port, the decoder and the broker, and monitors them."""
