"""A tablet at the door that greets by name, and takes a PIN or a QR code where a face is not used."""
