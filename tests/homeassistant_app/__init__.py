"""The app for Home Assistant OS: its folder, its options, its start. tests/lab/system/image.py runs it."""
