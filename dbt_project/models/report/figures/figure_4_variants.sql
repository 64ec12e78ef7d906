-- Figure 4 on every HS treatment and source.
{{ exports_by_sector(
    ref('fct_world_trade_variants'), 'China exports', 'CHN', ['hs_treatment', 'source']
) }}
