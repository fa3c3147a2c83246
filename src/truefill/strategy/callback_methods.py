"""The callbacks of a `Strategy` class: what each is called for. Alone they do nothing."""

from typing import Any


class CallbackMethods:
    """Methods that a strategy overrides."""

    def on_start(self) -> None:
        """Before the first event."""

    def on_trade(self, trade: Any) -> None:
        """For each market trade that arrives: MARKET_TRADE; ``trade.asset``."""

    def on_kline(self, kline: Any) -> None:
        """For each bar that closes: KLINE."""

    def on_index_price(self, event: Any) -> None:
        """For each price of the index: FEED_EVENT, the price in ``event.px``."""

    def on_mark_price(self, event: Any) -> None:
        """For each mark price: FEED_EVENT, the price in ``event.px``."""

    def on_funding_rate(self, event: Any) -> None:
        """For each funding rate: FEED_EVENT, the rate in ``event.px``, the next time in ``event.ival``."""

    def on_event(self, event: Any) -> None:
        """For each event of any other kind, on a tape or of a Feed: FEED_EVENT; ``event.source``."""

    def on_bookl1(self, book: Any) -> None:
        """After best prices or their quantities changed: BOOKL1."""

    def on_bookl2(self, book: Any) -> None:
        """For each arrival of feed of an asset: BOOKL2; the book is ``self.bot.depth(book.asset)``."""

    def on_fill(self, fill: Any) -> None:
        """For each own execution that is reported: FILL."""

    def on_pending_order(self, order: Any) -> None:
        """After an order was sent: ORDER, a copy, as for all order callbacks; ``order.asset``."""

    def on_accepted_order(self, order: Any) -> None:
        """After an order came to rest at the exchange, or a modify was accepted."""

    def on_triggered_order(self, order: Any) -> None:
        """After a stop or take-profit was triggered."""

    def on_partially_filled_order(self, order: Any) -> None:
        """After an order was filled in part."""

    def on_filled_order(self, order: Any) -> None:
        """After an order was filled."""

    def on_canceling_order(self, order: Any) -> None:
        """After a cancel was sent."""

    def on_canceled_order(self, order: Any) -> None:
        """After an order was cancelled."""

    def on_expired_order(self, order: Any) -> None:
        """After an order ended by its own terms: IOC, FOK, post-only, good till date."""

    def on_failed_order(self, order: Any) -> None:
        """After the exchange refused an order: ``order.reason``."""

    def on_cancel_failed_order(self, order: Any) -> None:
        """After the exchange refused a cancel of an order that is still open."""

    def on_modify_failed_order(self, order: Any) -> None:
        """After the exchange refused a modify of an order that is still open."""

    def on_timer(self, timer: Any) -> None:
        """When a timer is due: TIMER; ``timer.next_ts`` may be written."""

    def on_stop(self) -> None:
        """After the last event."""
