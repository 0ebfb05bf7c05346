"""Which calls go wrong, and how: rules of a configuration, and errors in the formats of the services."""

import collections
import dataclasses
import fnmatch
import hashlib
import json

EFFECTS = ("throttle", "fail", "lose", "reset", "kill-before", "kill-after")
JSON_SERVICES = ("sqs", "events", "ssm")
# Code and status of a throttled and of a failed call; the other services use those of `query`.
CODES = {
    "query": {"throttle": ("Throttling", 400), "fail": ("InternalFailure", 500)},
    "ec2": {"throttle": ("RequestLimitExceeded", 503), "fail": ("InternalError", 500)},
    "route53": {"throttle": ("Throttling", 400), "fail": ("InternalError", 500)},
    "s3": {"throttle": ("SlowDown", 503), "fail": ("InternalError", 500)},
    "sqs": {"throttle": ("RequestThrottled", 403), "fail": ("InternalError", 500)},
    "events": {"throttle": ("ThrottlingException", 400), "fail": ("InternalException", 500)},
    "ssm": {"throttle": ("ThrottlingException", 400), "fail": ("InternalServerError", 500)},
}
TEXTS = {"throttle": "Rate exceeded", "fail": "An internal error occurred"}
REQUEST_ID = "5c6f1e0a-0000-4000-8000-000000000000"


@dataclasses.dataclass
class Rule:
    """Which calls one kind of fault is about, and which of them it strikes.

    `service` and `action` are patterns; `writes` chooses calls that change something, or those that do not.  Of the calls
    that fit, the one of number `nth` is struck (or those of a list), or each with the probability `chance`, and no more
    than `at_most`.  A rule with neither strikes them all.
    """

    effect: str
    service: str = "*"
    action: str = "*"
    writes: bool | None = None
    nth: int | list | None = None
    chance: float | None = None
    at_most: int | None = None

    def __post_init__(self):
        if self.effect not in EFFECTS:
            raise ValueError(f"{self.effect} is none of {', '.join(EFFECTS)}")
        self.fitting = self.struck = 0

    def fits(self, call):
        return (
            fnmatch.fnmatchcase(call.service, self.service)
            and fnmatch.fnmatchcase(call.action, self.action)
            and self.writes in (None, call.writes)
        )


class Faults:
    """The rules of a configuration and what they have done so far."""

    def __init__(self, rules=(), seed=0):
        self.rules = [Rule(**rule) for rule in rules]
        self.seed = seed
        self.seen = collections.Counter()
        self.struck = []

    def strike(self, call):
        """The effect on a call, if any.

        Rules with a probability share one number between 0 and 1 for each call, so that their probabilities add up.  It
        follows from the seed, the action and how often that was called, and not from the order of calls that a client
        makes at the same time.
        """
        self.seen[call] += 1
        words = f"{self.seed} {call} {self.seen[call]}".encode()
        left = int.from_bytes(hashlib.sha256(words).digest()[:8], "big") / 2**64
        effect = None
        for rule in self.rules:
            if not rule.fits(call):
                continue
            rule.fitting += 1
            if rule.chance is not None:
                hit, left = 0 <= left < rule.chance, left - rule.chance
            elif rule.nth is None:
                hit = True
            else:
                hit = rule.fitting in (rule.nth if isinstance(rule.nth, list) else [rule.nth])
            if hit and effect is None and (rule.at_most is None or rule.struck < rule.at_most):
                rule.struck += 1
                effect = rule.effect
        if effect:
            self.struck.append({"effect": effect, "call": str(call), "occurrence": self.seen[call]})
        return effect


def answer(call, effect):
    """What a service answers when it throttles or fails, in its own format."""
    code, status = CODES.get(call.service, CODES["query"])[effect]
    text = TEXTS[effect]
    kind, headers = "text/xml", {"x-amzn-requestid": REQUEST_ID}
    if call.service in JSON_SERVICES:
        kind = "application/x-amz-json-1.0" if call.service == "sqs" else "application/x-amz-json-1.1"
        if call.service == "sqs":
            headers["x-amzn-query-error"] = f"{code};{'Receiver' if status == 500 else 'Sender'}"
        body = json.dumps({"__type": code, "message": text})
    elif call.service == "ec2":
        error = f"<Errors><Error><Code>{code}</Code><Message>{text}</Message></Error></Errors>"
        body = f"{XML}<Response>{error}<RequestID>{REQUEST_ID}</RequestID></Response>"
    elif call.service == "s3":
        kind = "application/xml"
        body = f"{XML}<Error><Code>{code}</Code><Message>{text}</Message><RequestId>{REQUEST_ID}</RequestId></Error>"
    else:
        sender = "Receiver" if status == 500 else "Sender"
        error = f"<Error><Type>{sender}</Type><Code>{code}</Code><Message>{text}</Message></Error>"
        body = f"{XML}<ErrorResponse>{error}<RequestId>{REQUEST_ID}</RequestId></ErrorResponse>"
    return f"HTTP/1.1 {status} {code}", {"content-type": kind, **headers}, body.encode()


XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
