"""Tests of the serial port."""
