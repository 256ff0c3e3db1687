"""Codes of which more than one package speaks, each with its words. Pure, and below every other package."""
