"""Times as people read them."""


def utc(ns: int, places: int = 0) -> str:
    """Write nanoseconds as UTC date and time with 0 to 9 decimals of a second."""
    import numpy as np  # a command's help does without

    text = str(np.datetime64(ns, "ns")).replace("T", " ")
    return text[: 20 + places] if places else text[:19]
