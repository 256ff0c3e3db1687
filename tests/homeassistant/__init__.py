"""What Home Assistant is told: the rooms one by one, whole messages, its own schemas, a real one at work."""
