"""What measures, replays, embeds anew and watches: the work behind the Calibration pages."""
