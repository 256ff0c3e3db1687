"""The JSON of readings, and the decoded state of the meter, with one schema for both modes. Pure."""
