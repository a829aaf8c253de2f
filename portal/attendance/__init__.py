"""Attendance: what the punches of a person say about their days.

``engine`` computes days and knows no Django; ``rulefile`` reads and writes the JSON with which a
rule can be checked by hand.
"""
