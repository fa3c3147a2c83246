"""Tests of the simulator: the bot, runs, users' models, settings."""
