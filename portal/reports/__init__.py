"""Reports of attendance: on the screen, as files, by e-mail, and as payroll's export."""
