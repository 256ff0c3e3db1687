"""Codes that several packages share, each with its words. Pure, and below every other package."""
