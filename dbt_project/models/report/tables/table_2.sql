-- China's exports of low-carbon products by income group and region of the partner, on the run's
-- default basis.
{{ exports_by_destination(ref('fct_trade_flow')) }}
