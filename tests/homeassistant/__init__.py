"""The messages for Home Assistant: module by module, whole, against its own schemas, and in a real one."""
