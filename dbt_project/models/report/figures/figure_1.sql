-- Shares of China, high-income and other emerging and developing economies in world trade in
-- low-carbon products.
{{ world_trade_shares(ref('fct_world_trade')) }}
