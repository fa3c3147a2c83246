"""Sums over the events of a Hawkes process with an exponential kernel, in one pass each; compiled.

λ(t) = μ + n β Σ e^(-β (t - t_i)) over the events before t. With A_i = Σ_{j<i} e^(-β (t_i - t_j)) the sums
follow by A_i = e^(-β (t_i - t_{i-1})) (1 + A_{i-1}) (Ozaki, Annals of the Institute of Statistical
Mathematics 31, 1979, 145-155), and so do their derivatives by β.
"""

import math

from truefill.core.jit import entry

LIKELIHOOD, SLOPE, BEND = 0, 1, 4  # of `out`: one, three and six words


@entry
def hawkes_sums(times, length, mu, branching, decay, out):  # type: ignore[no-untyped-def]
    """Log-likelihood with its exact first and second derivatives.

    Parameters
    ----------
    times : ndarray
        float64[k], s from the beginning of the span, not decreasing.
    length : float
        Of the span, s.
    mu : float
        1 / s.
    branching : float
        n = α / β.
    decay : float
        β, 1 / s.
    out : ndarray
        float64[10]: the likelihood; its slopes by μ, n, β; its second derivatives μμ, μn, μβ, nn, nβ, ββ.
    """
    a = b = c = 0.0  # sums of e^(-β u), u e^(-β u), u² e^(-β u)
    like = -mu * length
    d_mu = -length
    d_n = d_b = 0.0
    mm = mn = mb = nn = nb = bb = 0.0
    for i in range(len(times)):
        if i > 0:
            gap = times[i] - times[i - 1]
            fade = math.exp(-decay * gap)
            c = fade * (c + 2.0 * gap * b + gap * gap * (1.0 + a))
            b = fade * (b + gap * (1.0 + a))
            a = fade * (1.0 + a)
        excited = decay * a
        by_decay = a - decay * b
        again = decay * c - 2.0 * b
        rate = mu + branching * excited
        w = 1.0 / rate
        like += math.log(rate)
        d_mu += w
        d_n += excited * w
        d_b += branching * by_decay * w
        mm -= w * w
        mn -= excited * w * w
        mb -= branching * by_decay * w * w
        nn -= excited * excited * w * w
        nb += by_decay * w - branching * by_decay * excited * w * w
        bb += branching * again * w - (branching * by_decay * w) ** 2
        left = length - times[i]
        rest = math.exp(-decay * left)
        like -= branching * (1.0 - rest)
        d_n -= 1.0 - rest
        d_b -= branching * left * rest
        nb -= left * rest
        bb += branching * left * left * rest
    out[0] = like
    out[1] = d_mu
    out[2] = d_n
    out[3] = d_b
    out[4] = mm
    out[5] = mn
    out[6] = mb
    out[7] = nn
    out[8] = nb
    out[9] = bb


@entry
def hawkes_gaps(times, mu, branching, decay, out):  # type: ignore[no-untyped-def]
    """What the process has accumulated between events: the compensator's steps, exponential if it fits.

    Parameters
    ----------
    times : ndarray
        float64[k], s from the beginning of the span.
    mu, branching, decay : float
        As `hawkes_sums` takes them.
    out : ndarray
        float64[k]: from the beginning, or the event before, to each event.
    """
    excited = 0.0  # Σ e^(-β u) just after the event before
    before = 0.0
    for i in range(len(times)):
        gap = times[i] - before
        fade = math.exp(-decay * gap)
        out[i] = mu * gap + branching * excited * (1.0 - fade)
        excited = excited * fade + 1.0
        before = times[i]
