"""What the Calibration pages ask for."""
