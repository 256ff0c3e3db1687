"""The truth of each declared field and of each event, known from inside the simulated meter and household."""
