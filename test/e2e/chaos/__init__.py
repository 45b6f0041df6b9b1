"""The long run: PostgreSQL under load archives over a bad network, processes die, and all that was acknowledged comes back."""
