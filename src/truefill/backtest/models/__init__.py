"""Latency, queue, fee, contract and exchange models: the built-in ones, and how a user adds one."""
