"""The proof: the compiled simulator, its twin and HftBacktest do the same on the same events and orders."""
