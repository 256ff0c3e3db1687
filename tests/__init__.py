"""The specification of teleinfo, as tests."""
