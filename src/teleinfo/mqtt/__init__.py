"""The garden door: the MQTT broker, what waits for it, and who carries it there."""
