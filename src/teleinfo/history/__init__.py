"""The history of a meter: what is kept of it, and the tables that are made of that."""
