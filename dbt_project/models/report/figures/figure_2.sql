-- Trade balance in low-carbon products of the three groups of economies: exports less imports
-- with the World.
{{ trade_balances(ref('fct_world_trade')) }}
