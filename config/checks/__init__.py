"""System checks: each setting that can be wrong has one with an id (`config/README.md`)."""
