"""The compiled heart: records, books, rules. Imports nothing but numpy and numba."""
