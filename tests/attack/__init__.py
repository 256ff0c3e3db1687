"""A broker and a meter that mean harm: the daemon bears them, and works again when they are gone."""
