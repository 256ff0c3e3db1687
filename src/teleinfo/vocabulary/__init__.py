"""Codes that several packages share, each with its words. Pure; imports no other package of teleinfo."""
