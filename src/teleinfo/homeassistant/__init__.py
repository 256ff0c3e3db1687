"""The room for Home Assistant: what the meter is there, and what it says, as MQTT discovery wants it."""
