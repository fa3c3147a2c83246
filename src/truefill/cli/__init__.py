"""The command line: one file a command, and the loading of settings and strategy files for all of them.

Everything heavy (NumPy, Numba, polars, plotly) is imported inside the commands, so that
``truefill --help`` answers at once.
"""
