"""Identity: tokens, and the rows behind them."""
