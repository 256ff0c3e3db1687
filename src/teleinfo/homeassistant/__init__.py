"""Home Assistant: the discovery message of a meter and its states, by MQTT."""
