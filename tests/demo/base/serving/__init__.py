"""How the app serves many visitors."""
