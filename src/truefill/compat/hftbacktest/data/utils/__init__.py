"""HftBacktest's ``hftbacktest.data.utils``: what makes data out of data, one module for each thing."""
