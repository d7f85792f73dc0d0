"""Where bytes lie: volumes, the devices behind them, cards and what is on them."""
