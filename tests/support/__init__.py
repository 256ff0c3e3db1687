"""Parts that tests share: brokers, subscribers, meters, and the daemon as a process."""
