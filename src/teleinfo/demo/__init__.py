"""`teleinfo demo`: the whole chain on one screen, without meter or broker."""
