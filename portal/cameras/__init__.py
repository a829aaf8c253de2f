"""Sources of pictures, and the keys by which they may send them."""
