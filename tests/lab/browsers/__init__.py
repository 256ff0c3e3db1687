"""
The page in Chromium and Firefox, and behind two proxies (`make test-web`, 3 minutes, npm).

`python -m tests.lab.browsers.cost` measures what its readers cost (a minute each).
"""
