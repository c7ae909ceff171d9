"""Settings of the test run: the outside world unplugged, nothing more."""

from config.settings import *  # noqa: F403 the whole of the settings is meant

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CELERY_TASK_ALWAYS_EAGER = False
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
WHITENOISE_AUTOREFRESH = True
ENCRYPTION_KEYS = ["z-GknLAAtnuUjBhr6BlcMmTSkb7MAihCxocfXSMM0sc="]
EMBEDDED = True
OUTGOING_PRIVATE = True  # stand-ins of shops listen on the loopback
