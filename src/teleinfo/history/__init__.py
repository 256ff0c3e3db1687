"""The history of a meter: a database of it, and tables made from the database."""
