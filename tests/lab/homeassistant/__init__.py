"""
Real releases of Home Assistant see the meter (`make test-homeassistant`).

It costs an environment of a gigabyte for each release, Python 3.13 and 3.14, and 5 to 15 minutes.
"""
