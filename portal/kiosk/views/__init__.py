"""Two kinds of pages: those of administrators (``manage``), and what a tablet shows and calls
(``device``)."""
