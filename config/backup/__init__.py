"""Backup and restore: one file with database, media, and what says whether it fits."""
