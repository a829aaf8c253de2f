"""Who is to work when: policies and shifts in versions, rosters, holidays, leave."""
