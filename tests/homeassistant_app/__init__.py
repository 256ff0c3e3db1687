"""The app for Home Assistant OS: its folder, its options, its start. tests/system/image.py runs the whole."""
