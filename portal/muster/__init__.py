"""Who is on the site now, and who is accounted for when it has to be left."""
