"""The page in Chromium and Firefox, and behind two proxies (`make test-web`, 3 minutes, npm)."""
