"""Corrections of moto, by area; applied once, in the process that serves it."""

import importlib

AREAS = (
    "lists",
    "tokens",
    "network",
    "gateways",
    "groups",
    "instances",
    "templates",
    "keys",
    "balancers",
    "scaling",
    "records",
    "events",
    "iam",
    "volumes",
    "services",
    "buckets",
)


def apply():
    """Patch moto in this process."""
    for area in AREAS:
        importlib.import_module(f"mends.{area}")
