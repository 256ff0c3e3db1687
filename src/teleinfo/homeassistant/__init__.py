"""Home Assistant: the messages by which it discovers a meter, and the templates of its states."""
