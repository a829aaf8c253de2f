"""What every portal app shares and what knows no domain: errors, events, actors, storage."""
