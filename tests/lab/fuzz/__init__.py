"""Random bytes against every parser of foreign input, judged by simple models (`make fuzz`, a minute)."""
