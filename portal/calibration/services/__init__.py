"""What changes a rule, a measurement, a rehearsal or the model."""
