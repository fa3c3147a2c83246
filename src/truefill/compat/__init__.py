"""Other packages' faces over truefill's engine: change the import, keep the strategy."""
