"""Tests of the mends, by area."""
