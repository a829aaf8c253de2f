"""The REST API: thin routes over services and selectors."""
