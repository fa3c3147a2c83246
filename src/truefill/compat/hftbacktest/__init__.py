"""HftBacktest's public Python face over truefill's engine."""
