"""How fast truefill is, beside HftBacktest, on one machine in one go: ``make bench``.

* `market`: the events both packages read (a real recording, repeated), cached in ``.cache/benchmarks``
* `order_market`: the same for single orders (L3)
* `workloads`: the strategies, the same source for both
* `peers`: how each package opens the events, builds a bot and compiles a strategy
* `child`, `startup`, `building`: what runs in processes of their own
* `runner`: who is measured when; `report`: the page that is written from it
"""
