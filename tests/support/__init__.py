"""What the tests need: brokers, subscribers, meters, and the daemon as a process."""
