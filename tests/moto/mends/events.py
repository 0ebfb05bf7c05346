"""Rules of EventBridge."""

from moto.events import models as events

from mends.patching import mend


@mend(events.EventsBackend, "put_rule")
def put_rule(original, self, name, **kwargs):
    """AWS tags a rule when it is created, and ignores the tags given when it is put again.  moto tags it again."""
    bus = self._get_event_bus(self._normalize_event_bus_arn(kwargs.get("event_bus_arn")))
    if name in bus.rules:
        kwargs["tags"] = None
    return original(self, name, **kwargs)
