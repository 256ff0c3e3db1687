"""Publish readings and retained states on an MQTT broker, whatever happens to it."""
