"""Publish readings and retained states on an MQTT broker, and survive its outages."""
