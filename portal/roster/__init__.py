"""Rosters: people from a spreadsheet, their photos from a ZIP, looked at before they are applied."""
