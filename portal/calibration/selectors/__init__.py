"""What the Calibration pages read."""
