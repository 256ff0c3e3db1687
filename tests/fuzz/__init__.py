"""Bytes that nobody thought of, against models that anybody can follow."""
