"""The review's pages, by what they are about: names to confirm, strangers, and choosing somebody."""
