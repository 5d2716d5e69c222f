"""Load on a running app; see ``campaign.py``."""
