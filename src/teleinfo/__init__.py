"""A reader of French electricity meters: the TIC line goes in, JSON on MQTT comes out."""

__version__ = "0.1.0"
