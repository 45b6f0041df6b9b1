"""What the end-to-end tests stand on: real servers, started and stopped here, and nothing left behind."""
