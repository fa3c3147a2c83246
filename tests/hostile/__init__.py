"""Hostile arguments, thrown at everything that a user can call, in a process of their own.

``python -m tests.hostile PART SEED COUNT`` throws COUNT times and prints what came of it. Allowed are a
documented code or value, one of truefill's own errors, and, compiled, a refusal by the compiler; an error
that the argument itself raises passes through. Anything else, and a crash above all, is a fault.
"""
