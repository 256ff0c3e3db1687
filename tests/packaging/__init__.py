"""Tests of the scripts in `systemd/`, in a folder that stands for the root of a machine."""
