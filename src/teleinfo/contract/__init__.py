"""What the contract of this household costs, and what another one would have cost. Pure, but for files."""
