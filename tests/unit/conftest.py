"""Property tests judge results, not how fast a shared machine gave them."""

from hypothesis import HealthCheck, settings

settings.register_profile("motcua", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("motcua")
