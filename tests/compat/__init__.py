"""The drop-in faces."""
