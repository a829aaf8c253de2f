"""Tests that use Gatehouse as people do: the whole system, and a real Chromium in front of it."""
