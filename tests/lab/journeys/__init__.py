"""First evenings on bare systems, judged by what a person reads (`make test-journeys`, as root, 45 min)."""
